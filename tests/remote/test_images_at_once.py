"""Images by address: many at a time, hosts that are given up, and the end of all waiting."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.remote.conftest import closed_port, jpeg, problem_of


def test_images_one_address_is_downloaded_once_whoever_asks(shop_server, images):
    def slowly(handler):
        time.sleep(0.2)
        body = jpeg()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    shop_server.answers["/a.jpg"] = slowly
    opened = images()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(opened.read, [shop_server.url("/a.jpg")] * 8)) == {jpeg()}
    assert shop_server.asked["/a.jpg"] == 1


def test_images_expected_ones_come_at_the_same_time_but_not_too_many(shop_server, images):
    def slowly(handler):
        time.sleep(0.1)
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    paths = [f"/{number}.jpg" for number in range(12)]
    shop_server.answers |= dict.fromkeys(paths, slowly)
    opened = images(connections_per_host=3)
    addresses = [shop_server.url(path) for path in paths]
    opened.expect(addresses)
    assert [opened.read(address) for address in addresses] == [b"ok"] * 12
    assert shop_server.busiest == 3
    assert sum(shop_server.asked.values()) == 12


def test_images_dead_host_is_given_up_and_another_one_is_not(shop_server, images):
    dead = closed_port()
    shop_server.answer("/a.jpg", jpeg())
    opened = images(retries=0, connections_per_host=1)
    reasons = [problem_of(opened, f"http://127.0.0.1:{dead}/{number}.jpg")[1] for number in range(12)]
    assert set(reasons[:10]) == {"host 127.0.0.1 cannot be connected to"}
    assert set(reasons[10:]) == {"not asked: its host failed 10 times in a row"}
    assert opened.read(shop_server.url("/a.jpg")) == jpeg()


def test_images_that_are_missing_do_not_make_a_host_dead(shop_server, images):
    opened = images()
    for number in range(12):
        assert problem_of(opened, shop_server.url(f"/{number}.jpg"))[0] == "missing"


def test_images_closing_does_not_wait_for_what_waits(shop_server, images):
    shop_server.answers["/slow.jpg"] = lambda handler: shop_server.stopping.wait(30)
    opened = images(connections_per_host=1, read_seconds=0.3)
    opened.expect(
        [shop_server.url("/slow.jpg"), *(shop_server.url(f"/{number}.jpg") for number in range(50))]
    )
    time.sleep(0.1)
    started = time.monotonic()
    opened.close()
    assert time.monotonic() - started < 2
    assert shop_server.asked == {"/slow.jpg": 1}
