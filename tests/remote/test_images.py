"""Images by address: what is read, what a server may do wrong, and what is kept."""

from __future__ import annotations

import gzip
import struct
import time
from email.utils import formatdate

import pytest

from smartprod.config.schema import RemoteConfig
from smartprod.errors import SmartprodError, UsageError
from smartprod.remote import RemoteImages
from tests.remote.conftest import closed_port, jpeg, problem_of


def test_images_are_read_and_a_second_process_finds_them_in_the_cache(shop_server, images):
    shop_server.answer("/a.jpg", jpeg())
    assert images().read(shop_server.url("/a.jpg")) == jpeg()
    assert images().read(shop_server.url("/a.jpg")) == jpeg()
    assert shop_server.asked == {"/a.jpg": 1}


def test_images_are_asked_for_without_cookies_credentials_or_packing(shop_server, images, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    shop_server.answer("/a.jpg", jpeg(), Set_Cookie="a=b")
    shop_server.answer("/b.jpg", jpeg("red"))
    read = images().read
    read(shop_server.url("/a.jpg"))
    read(shop_server.url("/b.jpg"))
    sent = shop_server.headers["/b.jpg"]
    assert sorted(sent) == ["Accept", "Accept-Encoding", "Host", "User-Agent"]
    assert sent["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/кот 猫.jpg", "/%D0%BA%D0%BE%D1%82%20%E7%8C%AB.jpg"),
        ("/a%20b.jpg", "/a%20b.jpg"),
        ("/a.jpg?size=1&x=ü#top", "/a.jpg?size=1&x=%C3%BC"),
        ("", "/"),
    ],
)
def test_images_odd_paths_are_escaped(shop_server, images, path, asked):
    shop_server.answer(asked, jpeg())
    assert images().read(shop_server.url(path)) == jpeg()


@pytest.mark.parametrize(
    ("status", "expected", "tries"),
    [
        (404, ("missing", "no such file (404 Not Found)"), 1),
        (410, ("missing", "no such file (410 Gone)"), 1),
        (403, ("unreadable", "the server answers 403 Forbidden"), 1),
        (204, ("unreadable", "the server answers 204 No Content"), 1),
        (500, ("unreadable", "the server answers 500 Internal Server Error"), 3),
        (429, ("unreadable", "the server answers 429 Too Many Requests"), 3),
    ],
)
def test_images_refused_by_the_server_say_so(shop_server, images, status, expected, tries):
    shop_server.answer("/a.jpg", b"", status)
    opened = images()
    assert problem_of(opened, shop_server.url("/a.jpg")) == expected
    assert problem_of(opened, shop_server.url("/a.jpg")) == expected
    assert shop_server.asked["/a.jpg"] == tries, "what failed is not asked for again"


def then(shop_server, path: str, *steps):
    """Answer a path in another way each time, the last one for good."""
    made = []
    for step in steps:
        shop_server.answer(path, *step[:-1], **step[-1])
        made.append(shop_server.answers[path])

    def answer(handler):
        made[min(shop_server.asked[path], len(made)) - 1](handler)

    shop_server.answers[path] = answer


def test_images_server_error_passes(shop_server, images):
    then(shop_server, "/a.jpg", (b"", 500, {}), (b"", 503, {}), (jpeg(), {}))
    assert images().read(shop_server.url("/a.jpg")) == jpeg()
    assert shop_server.asked["/a.jpg"] == 3


@pytest.mark.parametrize(
    "wait", ["1", formatdate(time.time() + 86_400, usegmt=True), "86400"], ids=["second", "date", "day"]
)
def test_images_retry_after_is_kept_to_the_limit(shop_server, images, wait):
    then(shop_server, "/a.jpg", (b"", 429, {"Retry-After": wait}), (jpeg(), {}))
    started = time.monotonic()
    assert images(max_wait_seconds=0.3).read(shop_server.url("/a.jpg")) == jpeg()
    assert time.monotonic() - started >= 0.3  # and it has come back at all, which a day's wait would not


def test_images_retry_after_holds_for_the_whole_host(shop_server, images):
    then(shop_server, "/a.jpg", (b"", 429, {"Retry-After": "9"}), (jpeg(), {}))
    shop_server.answer("/b.jpg", jpeg())
    opened = images(max_wait_seconds=0.5, connections_per_host=1)
    started = time.monotonic()
    opened.expect([shop_server.url("/a.jpg"), shop_server.url("/b.jpg")])
    opened.read(shop_server.url("/b.jpg"))
    assert time.monotonic() - started >= 0.5


def test_images_larger_than_allowed_are_not_read_on(shop_server, images):
    shop_server.answer("/long.jpg", jpeg() * 3_000)
    endless = shop_server.answers["/endless.jpg"] = Endless(shop_server)
    opened = images(megabytes=0.5)
    assert problem_of(opened, shop_server.url("/long.jpg")) == ("too_large", "more than 0.5 MB")
    assert problem_of(opened, shop_server.url("/endless.jpg")) == ("too_large", "more than 0.5 MB")
    assert endless.sent < 50_000_000
    shop_server.answer("/kept.jpg", jpeg() * 500)
    opened.read(shop_server.url("/kept.jpg"))
    assert problem_of(images(megabytes=0.1), shop_server.url("/kept.jpg")) == (
        "too_large",
        "more than 0.1 MB",
    )


class Endless:
    """A body that never ends, as fast as it is taken."""

    def __init__(self, shop_server):
        self.stopping = shop_server.stopping
        self.sent = 0

    def __call__(self, handler):
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        while not self.stopping.is_set():
            self.sent += handler.wfile.write(b"x" * 65_536)


def drip(shop_server, before: bytes, drop: bytes, *, every: float):
    def send(handler):
        handler.wfile.write(before)
        while not shop_server.stopping.wait(every):
            handler.wfile.write(drop)

    return send


@pytest.mark.parametrize(
    ("before", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b"0"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n", b"a"),
    ],
    ids=["header", "body", "chunks", "chunk header", "until closed", "refusal"],
)
def test_images_dripping_server_is_left_in_time(shop_server, images, before, drop):
    shop_server.answers["/a.jpg"] = drip(shop_server, before, drop, every=0.05)
    started = time.monotonic()
    status, reason = problem_of(images(total_seconds=0.7), shop_server.url("/a.jpg"))
    assert (status, reason) == ("unreadable", "took too long")
    assert time.monotonic() - started < 3


def test_images_silent_server_is_left_in_time(shop_server, images):
    shop_server.answers["/a.jpg"] = lambda handler: shop_server.stopping.wait(30)
    status, reason = problem_of(images(read_seconds=0.2, retries=1), shop_server.url("/a.jpg"))
    assert (status, reason) == ("unreadable", "nothing came for 0.2 s")
    assert shop_server.asked["/a.jpg"] == 2


def test_images_connection_that_breaks_is_tried_again(shop_server, images):
    def break_off(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(jpeg()[:100])
        handler.wfile.flush()
        handler.connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER: close with a reset
        handler.connection.close()
        handler.close_connection = True

    shop_server.answers["/broken.jpg"] = break_off
    assert problem_of(images(), shop_server.url("/broken.jpg")) == ("unreadable", "the connection broke")
    assert shop_server.asked["/broken.jpg"] == 3
    shop_server.answer("/short.jpg", jpeg(), Content_Length="100000", Connection="close")
    assert problem_of(images(), shop_server.url("/short.jpg")) == ("unreadable", "the connection broke")


def test_images_after_a_broken_body_the_next_one_is_whole(shop_server, images):
    shop_server.answer("/big.jpg", b"x" * 300_000)
    shop_server.answer("/a.jpg", jpeg())
    opened = images(megabytes=0.2, connections_per_host=1)
    assert problem_of(opened, shop_server.url("/big.jpg"))[0] == "too_large"
    assert opened.read(shop_server.url("/a.jpg")) == jpeg()


def test_images_nobody_there_is_unreadable(images):
    assert problem_of(images(), f"http://127.0.0.1:{closed_port()}/a.jpg") == (
        "unreadable",
        "host 127.0.0.1 cannot be connected to",
    )


def test_images_web_page_in_place_of_one_is_corrupt_and_not_kept(shop_server, images):
    shop_server.answer("/a.jpg", b"\n<!DOCTYPE html><title>Please log in", Content_Type="image/jpeg")
    assert problem_of(images(), shop_server.url("/a.jpg")) == ("corrupt", "not an image (a web page)")
    shop_server.answer("/a.jpg", jpeg())
    assert images().read(shop_server.url("/a.jpg")) == jpeg()


def test_images_packed_body_is_never_unpacked(shop_server, images):
    bomb = gzip.compress(b"\0" * 20_000_000)
    shop_server.answer("/a.jpg", bomb, Content_Encoding="gzip")
    assert problem_of(images(), shop_server.url("/a.jpg")) == (
        "corrupt",
        "sent packed (gzip), which was not asked for",
    )


def test_images_cache_that_cannot_be_written_is_an_error_with_its_place(tmp_path, shop_server, images):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UsageError, match=r"SP232(.|\n)*catalog\.remote\.cache"):
        images(cache=str(blocked / "cache"))
    opened = images(cache=str(tmp_path / "cache"))
    shop_server.answer("/a.jpg", jpeg())
    for path in (tmp_path / "cache").glob("*"):
        path.unlink()
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("")
    with pytest.raises(SmartprodError, match="SP233"):
        opened.read(shop_server.url("/a.jpg"))


def test_images_needed_package_of_a_scheme_is_named(tmp_path):
    config = RemoteConfig(allow=True, schemes=("abfs",), cache=str(tmp_path))
    with pytest.raises(UsageError, match=r"SP251(.|\n)*do: .*[Ii]nstall adlfs"):
        RemoteImages(config, megabytes=1)
