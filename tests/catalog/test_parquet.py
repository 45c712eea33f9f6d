from __future__ import annotations

import contextlib
import datetime
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartprod.catalog import read_products, stream_products
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError, UsageError


@pytest.fixture
def read_parquet(shop):
    def write_and_read(table: dict, **settings: object) -> list[dict]:
        path = shop / "products.parquet"
        pq.write_table(pa.table(table), path)
        return read_products(CatalogConfig(path=str(path), **settings)).to_pylist()

    return write_and_read


def test_read_parquet_lists_structs_and_maps(read_parquet):
    rows = read_parquet(
        {
            "id": [1, 2],
            "attributes": [{"colour": "red"}, {"size": 3}],
            "image": [["images/a.jpg", "images/b.jpg"], None],
            "category": [["A > B", "C"], []],
            "more": pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())),
        },
        columns={"extra": ["more"]},
    )
    assert [row["id"] for row in rows] == ["1", "2"]
    # Arrow gives every struct every key; only those with a value are attributes of the product.
    assert [json.loads(row["attributes"]) for row in rows] == [{"colour": "red"}, {"size": 3}]
    assert [len(row["images"]) for row in rows] == [2, 0]
    assert [row["category"] for row in rows] == [["A > B", "C"], []]
    assert [row["status.category"] for row in rows] == ["ok", "missing"]
    assert rows[0]["extra.more"] == '{"k": "v"}'


def test_read_parquet_other_types_become_text(read_parquet):
    rows = read_parquet(
        {
            "title": pa.array(["a", None]).dictionary_encode(),
            "description": pa.array(["x", "y"], pa.large_string()),
            "group_id": [1.0, float("nan")],
            "split": [datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), None],
            "domain": [b"web", b"shop"],
        }
    )
    assert [row["title"] for row in rows] == ["a", None]
    assert [row["group"] for row in rows] == ["1", None]
    assert rows[0]["split"].startswith("2024-01-02")
    assert [row["domain"] for row in rows] == ["web", "shop"]


def test_read_parquet_text_that_is_not_utf8_marks_its_field(shop):
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9", b"tea"]).buffers())
    path = shop / "products.parquet"
    pq.write_table(pa.table({"title": broken}), path)
    rows = read_products(CatalogConfig(path=str(path))).to_pylist()
    assert [(row["title"], row["status.title"]) for row in rows] == [
        ("caf\ufffd", "unreadable"),
        ("tea", "ok"),
    ]


def test_read_parquet_image_path_that_is_not_utf8_leaves_its_neighbours_alone(shop):
    images = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9.jpg", b"images/a.jpg"]).buffers())
    path = shop / "products.parquet"
    pq.write_table(pa.table({"image": images}), path)
    rows = read_products(CatalogConfig(path=str(path))).to_pylist()
    assert [row["status.images"] for row in rows] == ["unreadable", "ok"]


def test_read_parquet_nested_text_that_is_not_utf8_marks_its_field(shop):
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9", b"tea"]).buffers())
    nested = {
        "title": pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), broken),
        "attributes": pa.StructArray.from_arrays([broken], ["colour"]),
        "description": pa.MapArray.from_arrays(pa.array([0, 1, 2], pa.int32()), pa.array(["a", "b"]), broken),
    }
    path = shop / "products.parquet"
    pq.write_table(pa.table(nested), path)
    rows = read_products(CatalogConfig(path=str(path))).to_pylist()
    for field in nested:
        assert [row[f"status.{field}"] for row in rows] == ["unreadable", "ok"]
    assert rows[1]["title"] == "tea"


@pytest.mark.parametrize("seed", range(20))
def test_read_parquet_damaged_bytes_are_an_error_or_rows(shop, seed):
    path = shop / "products.parquet"
    pq.write_table(pa.table({"title": ["one", "two"], "image": ["a.jpg", None]}), path)
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(30):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    with contextlib.suppress(CatalogError, UsageError):
        assert read_products(CatalogConfig(path=str(path))).num_rows <= 2


def test_read_parquet_column_names_with_dots(read_parquet):
    rows = read_parquet({"data.title": ["one"], "data": [{"title": "x"}]}, columns={"title": "data.title"})
    assert rows[0]["title"] == "one"


def test_stream_parquet_keeps_row_numbers_over_batches(shop):
    path = shop / "products.parquet"
    pq.write_table(pa.table({"title": [f"t{number}" for number in range(25)]}), path, row_group_size=7)
    rows = [
        row
        for batch in stream_products(CatalogConfig(path=str(path)), batch_rows=10)
        for row in batch.to_pylist()
    ]
    assert [(row["row"], row["title"]) for row in rows] == [(number, f"t{number}") for number in range(25)]


def test_read_parquet_damaged_file_is_an_error_that_names_it(shop):
    path = shop / "products.parquet"
    path.write_bytes(b"PAR1 not quite")
    with pytest.raises(CatalogError, match=r"SP215(.|\n)*products\.parquet"):
        read_products(CatalogConfig(path=str(path)))
