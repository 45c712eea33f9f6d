from __future__ import annotations

import gzip
import io

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartprod.catalog import count_records, read_products, source_notes, stream_products, table_fingerprint
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """The file system of `memory://`, emptied afterwards; copies are kept to the test."""
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "cache"))
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def parquet(titles: list[str]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"title": titles}), stream, row_group_size=2)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"title\na\nb\nc\n"),
        ("t.csv.gz", gzip.compress(b"title\na\nb\nc\n", mtime=0)),
        ("t.tsv", b"title\tid\na\t1\nb\t2\nc\t3\n"),
        ("t.jsonl", b'{"title": "a"}\n{"title": "b"}\n{"title": "c"}\n'),
        ("t.parquet", parquet(["a", "b", "c"])),
    ],
)
def test_remote_table_of_every_format_reads_like_one_on_disk(memory, tmp_path, name, data):
    memory.pipe(f"/shop/{name}", data)
    (tmp_path / name).write_bytes(data)
    remote, local = CatalogConfig(path=f"memory://shop/{name}"), CatalogConfig(path=str(tmp_path / name))
    assert read_products(remote).to_pylist() == read_products(local).to_pylist()
    assert count_records(remote) == 3
    rest = [row["title"] for batch in stream_products(remote, first_row=1) for row in batch.to_pylist()]
    assert rest == ["b", "c"]


def test_remote_dataset_is_read_in_place(memory, tmp_path):
    for name, titles in {"key=2/b.parquet": ["c"], "key=1/a.parquet": ["a", "b"]}.items():
        memory.pipe(f"/shop/set/{name}", parquet(titles))
    for name in ("_SUCCESS", "images/x.parquet", ".hidden.parquet", "_x/y.parquet"):
        memory.pipe(f"/shop/set/{name}", b"")
    config = CatalogConfig(path="memory://shop/set", columns={"extra": ["key"]})
    table = read_products(config)
    assert table["title"].to_pylist() == ["a", "b", "c"]
    assert table["extra.key"].to_pylist() == ["1", "1", "2"]
    assert source_notes(config) == ("2 Parquet files, columns from folders: key",)
    assert not (tmp_path / "cache").exists()


def test_remote_table_fingerprint_follows_its_version(memory):
    memory.pipe("/shop/t.csv", b"title\na\n")
    config = CatalogConfig(path="memory://shop/t.csv")
    before = table_fingerprint(config)
    assert table_fingerprint(config) == before
    memory.pipe("/shop/t.csv", b"title\nb\n")
    assert table_fingerprint(config) != before


def test_remote_table_paths_of_images_are_addresses_beside_it(memory):
    memory.pipe("/shop/t.csv", b"title,image\na,images/a.jpg\nb,/etc/hostname\n")
    rows = read_products(CatalogConfig(path="memory://shop/t.csv")).to_pylist()
    assert [row["status.images"] for row in rows] == ["forbidden", "forbidden"]
    assert rows[0]["reason.images"] == "memory://shop/images/a.jpg: memory address; such are never fetched"
    assert rows[1]["reason.images"] == "/etc/hostname: outside the image folder (see catalog.image_root)"


def test_remote_table_with_images_on_disk(memory, shop):
    memory.pipe("/shop/t.csv", b"title,image\na,images/a.jpg\n")
    rows = read_products(CatalogConfig(path="memory://shop/t.csv", image_root=str(shop))).to_pylist()
    assert rows[0]["images"] == [str(shop / "images/a.jpg")]


def test_remote_folder_of_another_system_is_refused(memory):
    memory.pipe("/abo/listings/metadata/listings_0.json", b"{}")
    with pytest.raises(UsageError, match=r"SP265(.|\n)*abo is read from disk only(.|\n)*Copy it to disk"):
        read_products(CatalogConfig(path="memory://abo", format="abo"))


def test_remote_folder_of_images_is_refused(memory):
    memory.pipe("/shop/set/a.jpg", b"x")
    with pytest.raises(UsageError, match="SP237"):
        read_products(CatalogConfig(path="memory://shop/set"))
    with pytest.raises(UsageError, match="SP252"):
        read_products(CatalogConfig(path="memory://shop/set", format="folder"))


def test_table_by_file_address_is_on_disk(shop):
    (shop / "my products.csv").write_text("title,image\none,images/a.jpg\n")
    rows = read_products(CatalogConfig(path=(shop / "my products.csv").as_uri())).to_pylist()
    assert rows[0]["images"] == [str(shop / "images/a.jpg")]
    with pytest.raises(UsageError, match="SP201"):
        read_products(CatalogConfig(path=(shop / "none.csv").as_uri()))
