from __future__ import annotations

import os
import time

import pytest

from smartprod.config.schema import RemoteConfig
from smartprod.remote import image_on_disk
from smartprod.remote.download_cache import DownloadCache, image_cache


def keep(cache: DownloadCache, address: str, data: bytes = b"data"):
    return cache.keep(address, lambda file: file.write(data))


def test_cache_keeps_whole_downloads_only(tmp_path):
    cache = DownloadCache(tmp_path, gigabytes=1, days=1)

    def fail(file):
        file.write(b"half")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        cache.keep("https://a", fail)
    assert cache.find("https://a") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert keep(cache, "https://a").read_bytes() == b"data"
    assert cache.find("https://a").read_bytes() == b"data"
    assert cache.find("https://a?x=1") is None


def test_cache_download_that_is_too_old_counts_as_absent(tmp_path):
    cache = DownloadCache(tmp_path, gigabytes=1, days=2)
    path = keep(cache, "https://a")
    now = time.time()
    os.utime(path, (now - 86_400, now - 86_400))
    assert cache.find("https://a") == path
    assert path.stat().st_atime > now - 60, "its use is noted"
    assert path.stat().st_mtime < now - 80_000, "its age is not changed by that"
    os.utime(path, (now, now - 3 * 86_400))
    assert cache.find("https://a") is None


def test_cache_deletes_the_longest_unused_beyond_its_size(tmp_path):
    cache = DownloadCache(tmp_path, gigabytes=10_000 / 1e9, days=30)
    for number in range(10):
        path = keep(cache, f"https://{number}", b"x" * 1_000)
        os.utime(path, (number, time.time()))
    os.utime(cache.find("https://0"), (100, time.time()))
    keep(cache, "https://new", b"x" * 1_000)
    left = [number for number in range(10) if cache.find(f"https://{number}")]
    assert left == [0, 3, 4, 5, 6, 7, 8, 9]
    assert cache.find("https://new")


def test_cache_removes_what_killed_processes_left_but_not_what_is_being_written(tmp_path):
    cache = DownloadCache(tmp_path, gigabytes=2_000 / 1e9, days=30)
    kept = keep(cache, "https://a", b"x" * 1_000)
    old, new = kept.with_name(".x.1.1.tmp"), kept.with_name(".y.2.2.tmp")
    for path in (old, new):
        path.write_bytes(b"x" * 1_000)
    os.utime(old, (1, 1))
    keep(DownloadCache(tmp_path, gigabytes=2_000 / 1e9, days=30), "https://b", b"x" * 400)
    assert (old.exists(), new.exists(), kept.exists()) == (False, True, True)


def test_cache_tells_where_an_image_is_on_disk(tmp_path):
    config = RemoteConfig(cache=str(tmp_path / "cache"))
    assert str(image_on_disk("/data/a.jpg", config)) == "/data/a.jpg"
    assert not image_on_disk("https://shop.example/a.jpg", config).exists()
    keep(image_cache(config), "https://shop.example/a.jpg")
    assert image_on_disk("https://shop.example/a.jpg", config).read_bytes() == b"data"
