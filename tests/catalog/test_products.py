from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smartprod.catalog import (
    TableAccount,
    product_schema,
    products_from_records,
    read_products,
    stream_products,
    table_fingerprint,
)
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError


def test_products_from_records_takes_lists_and_dictionaries(shop):
    records = [
        {
            "id": 1,
            "title": "one",
            "attributes": {"a": float("nan")},
            "image": ["images/a.jpg"],
            "category": ["A > B"],
        },
        {"title": np.float64(2.0), "image": np.array(["images/b.jpg", "images/a.jpg"]), "category": "C"},
        "no mapping",
        {},
    ]
    table = products_from_records(records, CatalogConfig(image_root=str(shop)), first_row=10)
    rows = table.to_pylist()
    assert table.schema.equals(product_schema())
    assert [row["row"] for row in rows] == [10, 11, 12, 13]
    assert [row["id"] for row in rows] == ["1", None, None, None]
    assert rows[0]["attributes"] == '{"a": null}'
    assert [len(row["images"]) for row in rows] == [1, 2, 0, 0]
    assert [row["category"] for row in rows] == [["A > B"], ["C"], [], []]
    assert rows[1]["title"] == "2"
    assert [row["status.row"] for row in rows] == ["ok", "ok", "unreadable", "ok"]


def test_products_from_records_of_a_data_frame_reads_its_gaps_as_missing(shop):
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None], "Int64"),
            "title": ["a", np.nan],
            "image": [np.nan, "images/a.jpg"],
            "group_id": [1.0, np.nan],
        }
    )
    rows = products_from_records(frame.to_dict("records"), CatalogConfig(image_root=str(shop))).to_pylist()
    assert [row["status.title"] for row in rows] == ["ok", "missing"]
    assert [row["status.images"] for row in rows] == ["missing", "ok"]
    assert [row["id"] for row in rows] == ["1", None]
    assert [row["group"] for row in rows] == ["1", None]


def test_products_from_records_absent_columns_are_missing_but_none_at_all_is_an_error():
    config = CatalogConfig(columns={"category": "shelf", "extra": ["brand"]})
    row = products_from_records([{"title": "one"}], config).to_pylist()[0]
    assert (row["category"], row["extra.brand"], row["id"]) == ([], None, "0")
    with pytest.raises(UsageError, match="SP205"):
        products_from_records([{"name": "one"}], config)


def test_read_products_missing_table_names_what_is_there(shop):
    (shop / "products.csv").write_text("title\none\n")
    with pytest.raises(UsageError, match=r"SP201(.|\n)*Did you mean products\.csv\?"):
        read_products(CatalogConfig(path=str(shop / "product.csv")))


def test_read_products_unknown_extension_asks_for_the_format(shop):
    (shop / "table.xyz").write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"SP202(.|\n)*catalog\.format"):
        read_products(CatalogConfig(path=str(shop / "table.xyz")))
    (shop / "table.dat").write_text("title\none\n")
    assert read_products(CatalogConfig(path=str(shop / "table.dat"), format="csv")).num_rows == 1


def test_stream_products_checks_the_columns_at_the_call(shop):
    (shop / "products.csv").write_text("name\none\n")
    with pytest.raises(UsageError):
        stream_products(CatalogConfig(path=str(shop / "products.csv")))


def test_table_fingerprint_follows_the_file_and_the_configuration(shop):
    path = shop / "products.csv"
    path.write_text("title\none\n")
    config = CatalogConfig(path=str(path))
    before = table_fingerprint(config)
    assert before == table_fingerprint(CatalogConfig(path=str(path)))
    assert before != table_fingerprint(config.model_copy(update={"encoding": "latin-1"}))
    os.utime(path, ns=(1, 1))
    assert before != table_fingerprint(config)


@pytest.mark.parametrize(
    ("name", "rows"),
    [("myntra-html-1000", 1000), ("bestbuy-phones", 1821), ("magento-luma", 191), ("grocery-store", 5502)],
)
def test_read_products_real_sets_are_read_whole(name, rows):
    if "SMARTPROD_DATA" not in os.environ:
        pytest.skip("SMARTPROD_DATA does not name the folder of the real sets")
    path = Path(os.environ["SMARTPROD_DATA"], name, "products.csv")
    table = read_products(CatalogConfig(path=str(path), columns={"category": "category_path"}))
    account = TableAccount()
    for batch in table.to_batches():
        account.add(batch)
    counts = account.statuses()
    assert counts["row"] == counts["images"] == counts["category"] == {"ok": rows}
    for field in ("title", "description", "attributes"):
        assert set(counts[field]) <= {"ok", "missing"}
    assert account.lines()[0] == f"{rows:,} rows, {rows:,} with a category, 0 bad"
