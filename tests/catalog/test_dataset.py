from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import count_records, read_products, source_notes, stream_products, table_fingerprint
from smartprod.catalog.readers.dataset import partition_values
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError, UsageError


def write(folder, name: str, titles: list[str], *, row_group_size: int = 3, **columns: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"title": titles, **columns}), path, row_group_size=row_group_size)


def titles_of(folder, **settings: object) -> list[str]:
    return read_products(CatalogConfig(path=str(folder), **settings))["title"].to_pylist()


def test_dataset_files_come_by_name_and_rows_are_numbered_through(tmp_path):
    write(tmp_path, "part-1.parquet", ["c", "d"])
    write(tmp_path, "part-0.parquet", ["a", "b"], row_group_size=1)
    write(tmp_path, "part-2.PQ", ["e"])
    for name in (
        "_SUCCESS",
        "_metadata",
        ".part-9.parquet",
        "_part-9.parquet",
        "notes.txt",
        "part-0.parquet.crc",
    ):
        (tmp_path / name).write_bytes(b"")
    write(tmp_path, "images/not-a-part.parquet", ["x"])
    write(tmp_path, "_temporary/key=1/x.parquet", ["x"])
    table = read_products(CatalogConfig(path=str(tmp_path)))
    assert table["row"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["title"].to_pylist() == ["a", "b", "c", "d", "e"]
    assert source_notes(CatalogConfig(path=str(tmp_path))) == ("3 Parquet files",)


def test_dataset_folders_of_keys_are_columns(tmp_path):
    write(tmp_path, "brand=Acme%20Ltd/year=2024/b.parquet", ["b"])
    write(tmp_path, "brand=Acme%20Ltd/year=2023/a.parquet", ["a"])
    write(tmp_path, "brand=__HIVE_DEFAULT_PARTITION__/year=2024/c.parquet", ["c"], brand=["of the file"])
    config = CatalogConfig(path=str(tmp_path), columns={"extra": ["brand", "year"]})
    with pytest.raises(CatalogError, match=r"SP238.*only the second has 'brand'"):
        read_products(config)
    write(tmp_path, "brand=__HIVE_DEFAULT_PARTITION__/year=2024/c.parquet", ["c"])
    table = read_products(config)
    assert table["title"].to_pylist() == ["a", "b", "c"]
    assert table["extra.brand"].to_pylist() == ["Acme Ltd", "Acme Ltd", None]
    assert table["extra.year"].to_pylist() == ["2023", "2024", "2024"]
    assert source_notes(config) == ("3 Parquet files, columns from folders: brand, year",)


def test_dataset_read_by_its_folders_alone_has_all_rows(tmp_path):
    write(tmp_path, "title=mug/a.parquet", ["x", "x", "x", "x"], other=[1, 2, 3, 4])
    assert titles_of(tmp_path) == ["mug"] * 4


def test_dataset_images_start_from_its_folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").write_bytes(b"x")
    write(tmp_path, "year=2024/part-0.parquet", ["a"], image=["images/a.jpg"])
    table = read_products(CatalogConfig(path=str(tmp_path)))
    assert table["images"].to_pylist() == [[str(tmp_path / "images/a.jpg")]]


def test_dataset_or_images_the_content_decides_and_the_format_overrules(tmp_path):
    (tmp_path / "Shoes").mkdir()
    (tmp_path / "Shoes/a.jpg").write_bytes(b"x")
    folder = CatalogConfig(path=str(tmp_path))
    assert read_products(folder)["category"].to_pylist() == [["Shoes"]]
    with pytest.raises(UsageError, match="SP237"):
        read_products(folder.model_copy(update={"format": "parquet"}))
    write(tmp_path, "a.parquet", ["a"])
    assert titles_of(tmp_path) == ["a"]
    assert read_products(folder.model_copy(update={"format": "folder"})).num_rows == 1
    with pytest.raises(UsageError, match="SP213"):
        read_products(folder.model_copy(update={"format": "csv"}))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"price": ["one"]}, "'price' is int64 and string"),
        ({"cost": [1]}, "only the first has 'price', only the second has 'cost'"),
        ({"price": [[1]]}, "'price' is int64 and list<element: int64>"),
    ],
)
def test_dataset_files_of_different_columns_are_named(tmp_path, other, told):
    write(tmp_path, "a.parquet", ["a"], price=[1])
    write(tmp_path, "b.parquet", ["b"], **other)
    with pytest.raises(CatalogError) as caught:
        read_products(CatalogConfig(path=str(tmp_path)))
    assert caught.value.code == "SP238"
    assert told in caught.value.what
    assert "a.parquet" in caught.value.where
    assert "b.parquet" in caught.value.where


def test_dataset_columns_that_read_alike_may_differ_in_order_and_layout(tmp_path):
    write(tmp_path, "a.parquet", ["a"], group_id=pa.array([1], pa.int32()), brand=pa.array([None], pa.null()))
    pq.write_table(
        pa.table(
            {
                "brand": pa.array(["Acme"]).dictionary_encode(),
                "group_id": [2.0],
                "title": pa.array(["b"], pa.large_string()),
            }
        ),
        tmp_path / "b.parquet",
    )
    table = read_products(CatalogConfig(path=str(tmp_path), columns={"extra": ["brand"]}))
    assert table["title"].to_pylist() == ["a", "b"]
    assert table["group"].to_pylist() == ["1", "2"]
    assert table["extra.brand"].to_pylist() == [None, "Acme"]


def test_dataset_folders_of_different_keys_are_refused(tmp_path):
    write(tmp_path, "brand=a/x.parquet", ["a"])
    write(tmp_path, "year=2024/y.parquet", ["b"])
    with pytest.raises(CatalogError, match=r"SP239.*brand=\.\.\. and year=\.\.\."):
        read_products(CatalogConfig(path=str(tmp_path)))


def test_dataset_damaged_file_is_named(tmp_path):
    write(tmp_path, "a.parquet", ["a"])
    (tmp_path / "b.parquet").write_bytes(b"")
    with pytest.raises(CatalogError, match=r"SP215(.|\n)*b\.parquet"):
        read_products(CatalogConfig(path=str(tmp_path)))


def test_dataset_fingerprint_covers_its_files_and_not_its_images(tmp_path):
    (tmp_path / "images").mkdir()
    write(tmp_path, "a.parquet", ["a"])
    write(tmp_path, "b.parquet", ["b"])
    config = CatalogConfig(path=str(tmp_path))
    before = table_fingerprint(config)
    (tmp_path / "images/new.jpg").write_bytes(b"x")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    assert table_fingerprint(config) == before
    os.utime(tmp_path / "b.parquet", ns=(1, 1))
    assert table_fingerprint(config) != before
    before = table_fingerprint(config)
    write(tmp_path, "c.parquet", ["c"])
    assert table_fingerprint(config) != before


def test_dataset_rows_before_the_first_are_not_read(tmp_path):
    write(tmp_path, "a.parquet", ["a"] * 6)
    write(tmp_path, "b.parquet", list("bcdefghij"), row_group_size=3)
    rows = stream_products(CatalogConfig(path=str(tmp_path)), first_row=10)
    damaged = bytearray((tmp_path / "b.parquet").read_bytes())
    group = pq.read_metadata(tmp_path / "b.parquet").row_group(0).column(0)
    start = group.dictionary_page_offset or group.data_page_offset
    damaged[start : start + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    (tmp_path / "b.parquet").write_bytes(damaged)
    (tmp_path / "a.parquet").write_bytes(b"gone")
    assert [row["title"] for batch in rows for row in batch.to_pylist()] == list("fghij")


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    group=st.integers(1, 5),
    batch_rows=st.integers(1, 7),
    first_row=st.integers(0, 50),
)
def test_dataset_from_any_row_is_the_end_of_the_whole(tmp_path_factory, sizes, group, batch_rows, first_row):
    folder = tmp_path_factory.mktemp("dataset")
    for number, size in enumerate(sizes):
        titles = [f"{number}-{row}" for row in range(size)]
        write(folder, f"{number}.parquet", titles, row_group_size=group) if size else pq.write_table(
            pa.table({"title": pa.array([], pa.string())}), folder / f"{number}.parquet"
        )
    config = CatalogConfig(path=str(folder))
    whole = read_products(config)
    assert count_records(config) == whole.num_rows == sum(sizes)
    batches = list(stream_products(config, batch_rows=batch_rows, first_row=first_row))
    assert all(0 < batch.num_rows <= batch_rows for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert rows == whole.slice(first_row).to_pylist()


@pytest.mark.parametrize("name", ["products.csv", "products.jsonl", "products.parquet", "records", "folder"])
def test_every_reader_begins_at_any_row_and_counts_without_reading(shop, name):
    titles = [f"t{number}" for number in range(11)]
    path = shop / name
    if name.endswith(".csv"):
        path.write_text("title\n" + "\n".join(titles[:4]) + "\n\n" + "\n".join(titles[4:]) + "\n")
    elif name.endswith(".jsonl"):
        path.write_text(
            "\n".join(f'{{"title": "{title}"}}' if title != "t5" else "\n{broken" for title in titles)
        )
    elif name.endswith(".parquet"):
        pq.write_table(pa.table({"title": titles}), path, row_group_size=4)
    elif name == "folder":
        path.mkdir()
        for title in titles:
            (path / f"{title}.jpg").write_bytes(b"x")
    else:
        write(path, "a.parquet", titles[:7])
        write(path, "b.parquet", titles[7:])
    config = CatalogConfig(path=str(path))
    whole = read_products(config).to_pylist()
    assert count_records(config) == len(whole) == 11
    for first_row in range(13):
        batches = stream_products(config, batch_rows=3, first_row=first_row)
        assert [row for batch in batches for row in batch.to_pylist()] == whole[first_row:]


def test_partition_values_of_a_name():
    assert partition_values("a=1/b=x%2Fy=z/part.parquet") == {"a": "1", "b": "x/y=z"}
    assert partition_values("part=0.parquet") == {}
