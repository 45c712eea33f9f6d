from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog import import_products, read_products
from smartprod.catalog.importers.kazan import merge_attributes
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError

FIELDS = {
    "title": "Кружка",
    "description": "<p>Белая <b>кружка</b></p>",
    "attributes": ["Объём: 300 мл", "Подарок"],
    "custom_characteristics": {"Цвет": ["белый", "синий"]},
    "defined_characteristics": {"Цвет": "белый", "Материал": "керамика"},
    "filters": {},
}


@pytest.fixture
def table(tmp_path):
    """Three products: sound, with JSON that is cut off, and without any text."""
    rows = [
        ("11", json.dumps(FIELDS, ensure_ascii=False), "Все->Посуда->Кружки", "Shop", "5.0", "False"),
        ("12", '{"title": "Чай', "Все->Чай", "Shop", "5.0", "False"),
        ("13", "", "Прочее", "", "5.0", "False"),
    ]
    with (tmp_path / "train.csv").open("w", encoding="utf-8", newline="") as file:
        header = ("product_id", "text_fields", "category_name", "shop_title", "rating", "sale")
        csv.writer(file).writerows([header, *rows])
    (tmp_path / "images").mkdir()
    for name in ("11.jpg", "12.png"):
        (tmp_path / "images" / name).write_bytes(b"x")
    return tmp_path / "train.csv"


def config(path, **settings) -> CatalogConfig:
    return CatalogConfig(path=str(path), format="kazan", **settings)


def test_kazan_expands_text_fields_and_finds_the_image_by_product_id(table):
    first, second, _ = read_products(config(table)).to_pylist()
    assert (first["id"], first["title"], first["description"]) == (
        "11",
        FIELDS["title"],
        FIELDS["description"],
    )
    assert json.loads(first["attributes"]) == {
        "Объём": "300 мл", "attributes": "Подарок", "Цвет": ["белый", "синий"], "Материал": "керамика",
    }  # fmt: skip
    assert first["category"] == ["Все > Посуда > Кружки"]
    assert first["images"] == [str(table.parent / "images/11.jpg")]
    assert second["images"] == [str(table.parent / "images/12.png")]


def test_kazan_row_with_bad_json_stays_with_image_category_and_a_status(table):
    row = read_products(config(table)).to_pylist()[1]
    assert (row["status.row"], row["status.images"], row["status.category"]) == ("ok", "ok", "ok")
    assert (row["status.title"], row["status.attributes"]) == ("missing", "corrupt")
    assert "neither JSON" in row["reason.attributes"]


def test_kazan_product_without_text_fields_is_missing_its_texts(table):
    row = read_products(config(table)).to_pylist()[2]
    assert {row[f"status.{name}"] for name in ("title", "description", "attributes", "images")} == {"missing"}
    assert row["category"] == ["Прочее"]


def test_kazan_other_columns_are_extra_texts_by_their_own_names(table):
    extra = {"extra": ("shop_title", "rating", "sale")}
    rows = read_products(config(table, columns=extra)).to_pylist()
    assert [rows[0][f"extra.{name}"] for name in extra["extra"]] == ["Shop", "5.0", "False"]


def test_kazan_parquet_gives_the_same_rows_as_csv(table, tmp_path):
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["product_id"] = [int(value) for value in columns["product_id"]]
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    assert read_products(config(tmp_path / "train.parquet")).equals(read_products(config(table)))


def test_kazan_begins_at_any_row(table):
    from smartprod.catalog import stream_products

    whole = read_products(config(table))
    for first in range(4):
        rest = [row for batch in stream_products(config(table), first_row=first) for row in batch.to_pylist()]
        assert rest == whole.slice(first).to_pylist()


def test_kazan_import_tells_which_product_lost_its_text_and_keeps_its_status(table, tmp_path):
    account = import_products(config(table), tmp_path / "products.parquet")
    assert (account.read, account.written) == (3, 3)
    told = "\n".join(account.lines())
    assert "1 x text_fields cannot be read" in told
    assert "row 1, product 12" in told
    again = read_products(CatalogConfig(path=str(tmp_path / "products.parquet")))
    assert again.equals(read_products(config(table)))


def test_kazan_table_without_text_fields_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("product_id,title\n1,Mug\n")
    with pytest.raises(UsageError, match=r"SP261.*text_fields"):
        read_products(config(path))


plain = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["attributes", "filters", "odd"]), plain))
def test_kazan_merging_attributes_loses_no_value_of_a_dictionary(fields):
    merged = merge_attributes(fields)
    for content in fields.values():
        if isinstance(content, dict):
            for name, value in content.items():
                kept = merged.get(name)
                for one in value if isinstance(value, list) else [value]:
                    assert one in (None, "", {}, []) or one == kept or one in kept
