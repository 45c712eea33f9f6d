from __future__ import annotations

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from smartprod.remote import RemoteProblem
from tests.remote.conftest import jpeg


class Bucket(MemoryFileSystem):
    """A store in memory under the scheme of a real one, whose packages the tests do without."""

    protocol = "gs"
    store: dict = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.removeprefix("gs://").strip("/")

    def info(self, path, **settings):
        if "denied" in path:
            raise PermissionError(path)
        if "strange" in path:
            raise RuntimeError(f"secret in {path}")
        return super().info(path, **settings)


@pytest.fixture
def bucket():
    fsspec.register_implementation("gs", Bucket, clobber=True)
    store = fsspec.filesystem("gs")
    store.pipe("gs://photos/a b.jpg", jpeg())
    store.pipe("gs://photos/big.jpg", jpeg() * 500)
    yield store
    fsspec.register_implementation("gs", "gcsfs.GCSFileSystem", clobber=True)


def test_object_store_images_are_read_and_judged(bucket, images):
    opened = images(megabytes=0.1, schemes=("gs",), hosts=("photos",), retries=0)
    assert opened.read("gs://photos/a b.jpg") == jpeg()
    problems = {
        "gs://photos/none.jpg": ("missing", "no such object"),
        "gs://photos/": ("corrupt", "not a file"),
        "gs://photos/big.jpg": ("too_large", "more than 0.1 MB"),
        "gs://photos/denied.jpg": ("unreadable", "not allowed by the store"),
        "gs://photos/strange.jpg": ("unreadable", "the store's client failed (RuntimeError)"),
        "gs://secrets/a.jpg": ("forbidden", "host secrets is not listed in catalog.remote.hosts"),
        "gs://key:secret@photos/a.jpg": ("forbidden", "an address with a user or password"),
        "https://photos/a.jpg": ("forbidden", "https address; allowed are gs (catalog.remote.schemes)"),
    }
    for address, expected in problems.items():
        with pytest.raises(RemoteProblem) as caught:
            opened.read(address)
        assert (caught.value.status, caught.value.reason) == expected
