from __future__ import annotations

import hashlib
import time
from email.utils import formatdate

import fsspec
import pytest

from smartprod.errors import CatalogError, UsageError
from smartprod.remote import find_table, is_remote_table, refresh_table
from smartprod.remote.table_download import forget_downloads


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep downloads of a test to itself."""
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "cache"))
    forget_downloads()
    yield
    forget_downloads()


@pytest.fixture
def memory():
    """The file system of `memory://`, emptied afterwards."""
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def table_server(shop_server, body: bytes, **headers: str):
    """Serve a table that answers `304 Not Modified` to who has it, and change it by calling the result."""

    def serve(body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()}"'

        def send(handler):
            known = handler.headers.get("If-None-Match") == tag
            handler.send_response(304 if known else 200)
            handler.send_header("ETag", tag)
            handler.send_header("Content-Length", "0" if known else str(len(body)))
            handler.end_headers()
            handler.wfile.write(b"" if known else body)

        shop_server.answers["/table.csv?key=secret"] = send

    serve(body)
    return serve


def test_table_over_http_is_downloaded_once_and_again_only_when_it_changes(shop_server):
    change = table_server(shop_server, b"title\na\n")
    address = shop_server.url("/table.csv?key=secret")
    first = find_table(address)
    assert first.files[0].on_disk().read_bytes() == b"title\na\n"
    assert first.files[0].on_disk().name == "table.csv"
    assert (first.address, first.folder) == (shop_server.url("/table.csv"), shop_server.url(""))
    assert find_table(address) == first
    assert shop_server.asked["/table.csv?key=secret"] == 1
    assert refresh_table(address) == first
    assert shop_server.headers["/table.csv?key=secret"]["If-None-Match"].startswith('"')
    change(b"title\nb\n")
    second = refresh_table(address)
    assert second.files[0].version != first.files[0].version
    assert second.files[0].on_disk().read_bytes() == b"title\nb\n"
    assert first.files[0].on_disk().read_bytes() == b"title\na\n", "whoever reads the earlier one may go on"


def test_table_over_http_without_a_version_is_known_by_its_content(shop_server):
    shop_server.answer("/t.csv", b"title\na\n")
    first = find_table(shop_server.url("/t.csv"))
    assert refresh_table(shop_server.url("/t.csv")) == first
    assert shop_server.asked["/t.csv"] == 2


@pytest.mark.parametrize(("age", "is_asked_with"), [(3_600, True), (1, False)])
def test_table_over_http_time_of_change_is_trusted_once_it_is_past(shop_server, age, is_asked_with):
    now = time.time()
    changed = formatdate(now - age, usegmt=True)
    shop_server.answer("/t.csv", b"title\na\n", Last_Modified=changed)
    find_table(shop_server.url("/t.csv"))
    refresh_table(shop_server.url("/t.csv"))
    assert ("If-Modified-Since" in shop_server.headers["/t.csv"]) == is_asked_with


def test_table_over_http_that_cannot_be_had_says_why_without_secrets(shop_server):
    with pytest.raises(CatalogError) as caught:
        find_table(shop_server.url("/none.csv?key=secret"))
    assert caught.value.code == "SP236"
    assert "404" in caught.value.what
    assert "secret" not in str(caught.value)
    shop_server.answer("/moved.csv", b"", 302, Location="http://169.254.169.254/latest")
    with pytest.raises(
        CatalogError, match=r"SP236.*redirected: host 169\.254\.169\.254 leads to a cloud metadata"
    ):
        find_table(shop_server.url("/moved.csv"))


def test_table_in_a_store_is_read_in_place_or_copied_under_its_version(memory):
    memory.pipe("/shop/products.csv", b"title\na\n")
    table = find_table("memory://shop/products.csv")
    assert (table.address, table.folder, table.is_folder) == (
        "memory://shop/products.csv",
        "memory://shop",
        False,
    )
    with table.files[0].open() as file:
        assert file.read() == b"title\na\n"
    copy = table.files[0].on_disk()
    assert copy.read_bytes() == b"title\na\n"
    assert find_table("memory://shop/products.csv").files[0].on_disk() == copy
    memory.pipe("/shop/products.csv", b"title\nb\n")
    changed = find_table("memory://shop/products.csv").files[0]
    assert changed.version != table.files[0].version
    assert changed.on_disk().read_bytes() == b"title\nb\n"
    assert copy.exists()


def test_table_in_a_store_may_be_a_folder(memory):
    for name in ("b.parquet", "key=1/a.parquet", "_SUCCESS"):
        memory.pipe(f"/shop/set/{name}", b"x")
    table = find_table("memory://shop/set/")
    assert (table.address, table.folder, table.is_folder) == ("memory://shop/set", "memory://shop/set", True)
    assert [(file.name, file.address) for file in table.files] == [
        ("_SUCCESS", "memory://shop/set/_SUCCESS"),
        ("b.parquet", "memory://shop/set/b.parquet"),
        ("key=1/a.parquet", "memory://shop/set/key=1/a.parquet"),
    ]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("memory://nowhere/a.csv", "SP235"),
        ("zip://a.csv::file:///a.zip", "SP234"),
        ("simplecache::memory://a.csv", "SP234"),
        ("local:///etc/passwd", "SP234"),
        ("data:text/csv,title", "SP234"),
        ("abfs://container/a.csv", "SP251"),
    ],
)
def test_table_addresses_that_are_not_read_say_so(memory, address, code):
    assert is_remote_table(address)
    with pytest.raises(UsageError) as caught:
        find_table(address)
    assert caught.value.code == code


def test_table_on_disk_is_not_remote():
    assert not is_remote_table("file:///data/products.csv")
    assert not is_remote_table("data/products.csv")
    assert not is_remote_table("C:\\data\\products.csv")
