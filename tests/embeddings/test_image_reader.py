from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from smartprod.config.schema import RemoteConfig
from smartprod.embeddings import ImageLimits, ImageProblem
from smartprod.embeddings.image_reader import ImageReader


@contextmanager
def folder_server(folder):
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.fixture
def reader(tmp_path):
    """Open readers that may fetch from this machine."""
    opened = []

    def make(**changes: object) -> ImageReader:
        settings = {
            "allow": True, "schemes": ("http",), "allow_private": True, "cache": str(tmp_path / "cache"), "retries": 0,
        }  # fmt: skip
        opened.append(ImageReader(ImageLimits(megabytes=0.01), RemoteConfig(**{**settings, **changes})))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def problem_of(reader: ImageReader, path: object) -> tuple[str, str]:
    with pytest.raises(ImageProblem) as caught:
        reader.read(str(path))
    return caught.value.status.value, caught.value.reason


def test_reader_gives_files_and_addresses_and_says_why_not(tmp_path, reader):
    (tmp_path / "a.jpg").write_bytes(b"photo")
    (tmp_path / "big.jpg").write_bytes(b"x" * 20_000)
    with folder_server(tmp_path) as (address, asked):
        opened = reader()
        opened.expect([str(tmp_path / "a.jpg"), f"{address}/a.jpg", f"{address}/none.jpg"])
        assert opened.read(str(tmp_path / "a.jpg")) == opened.read(f"{address}/a.jpg") == b"photo"
        assert problem_of(opened, f"{address}/none.jpg")[0] == "missing"
        assert sorted(set(asked)) == ["/a.jpg", "/none.jpg"]
        for place in (address, tmp_path):
            assert problem_of(opened, f"{place}/big.jpg")[0] == "too_large"
        assert problem_of(reader(allow_private=False), f"{address}/b.jpg")[0] == "forbidden"
        assert problem_of(reader(allow=False), f"{address}/b.jpg")[0] == "forbidden"
    assert problem_of(opened, tmp_path / "none.jpg") == ("missing", "no such file")
    assert problem_of(opened, tmp_path)[0] == "unreadable"
    assert problem_of(opened, "a\0b") == ("unreadable", "cannot be read (embedded null byte)")


def test_reader_that_meets_no_address_opens_nothing(tmp_path, reader):
    (tmp_path / "a.jpg").write_bytes(b"photo")
    opened = reader()
    opened.expect([str(tmp_path / "a.jpg")])
    opened.read(str(tmp_path / "a.jpg"))
    assert not (tmp_path / "cache").exists()
