"""Images by address: redirects, and names that lead where nothing may be fetched."""

from __future__ import annotations

import pytest

from tests.remote.conftest import PUBLIC, fake_internet, jpeg, problem_of


def test_images_redirects_are_followed_and_counted(shop_server, images):
    shop_server.answer("/a", b"moved", 302, Location="/b?x=1")
    shop_server.answer("/b?x=1", b"", 308, Location=shop_server.url("/c.jpg"))
    shop_server.answer("/c.jpg", jpeg())
    shop_server.answer("/loop", b"", 301, Location="/loop")
    opened = images()
    assert opened.read(shop_server.url("/a")) == jpeg()
    assert problem_of(opened, shop_server.url("/loop")) == ("unreadable", "more than 5 redirects")
    assert shop_server.asked["/loop"] == 6


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1:{port}/a.jpg", "redirected: host 127.0.0.1 leads to a private address"),
        ("http://2130706433:{port}/a.jpg", "redirected: host 2130706433 leads to a private address"),
        ("http://[::ffff:10.0.0.1]/a.jpg", "redirected: host [::ffff:10.0.0.1] leads to a private address"),
        (
            "http://169.254.169.254/latest",
            "redirected: host 169.254.169.254 leads to a cloud metadata address",
        ),
        ("http://inside.example:{port}/a.jpg", "redirected: host inside.example leads to a private address"),
        ("file:///etc/hostname", "redirected: file address; such are never fetched"),
        ("s3://bucket/a.jpg", "redirected: s3 address; allowed are https, http (catalog.remote.schemes)"),
        ("http://user:pw@public.example/", "redirected: an address with a user or password"),
    ],
)
def test_images_redirect_from_a_public_host_to_a_refused_place_is_forbidden(
    shop_server, images, location, reason
):
    names = {"public.example": [PUBLIC], "inside.example": ["10.1.2.3"], "127.0.0.1": ["127.0.0.1"]}
    policy, dial = fake_internet(names)
    shop_server.answer("/a.jpg", b"", 302, Location=location.format(port=shop_server.port))
    address = shop_server.url("/a.jpg", host="public.example")
    assert problem_of(images(policy=policy, dial=dial), address) == ("forbidden", reason)
    assert shop_server.asked == {"/a.jpg": 1}


def test_images_public_name_is_connected_to_the_address_that_was_judged(shop_server, images):
    policy, dial = fake_internet({"public.example": [PUBLIC], "both.example": [PUBLIC, "192.168.0.7"]})
    shop_server.answer("/a.jpg", jpeg())
    opened = images(policy=policy, dial=dial)
    assert opened.read(shop_server.url("/a.jpg", host="public.example")) == jpeg()
    assert shop_server.headers["/a.jpg"]["Host"] == f"public.example:{shop_server.port}"
    assert problem_of(opened, shop_server.url("/a.jpg", host="both.example")) == (
        "forbidden",
        "host both.example leads to a private address",
    )
    assert problem_of(opened, "http://nowhere.example/a.jpg") == (
        "unreadable",
        "host nowhere.example is not known",
    )


def test_images_name_that_turns_private_later_is_looked_up_only_once(shop_server, images):
    names = {"rebinding.example": [PUBLIC]}
    policy, dial = fake_internet(names)

    def dial_and_rebind(endpoint, seconds):
        names["rebinding.example"] = ["127.0.0.1"]
        return dial(endpoint, seconds)  # fails where anything but the judged address is dialled

    shop_server.answer("/a.jpg", jpeg(), Connection="close")
    shop_server.answer("/b.jpg", jpeg())
    opened = images(policy=policy, dial=dial_and_rebind)
    assert opened.read(shop_server.url("/a.jpg", host="rebinding.example")) == jpeg()
    assert problem_of(opened, shop_server.url("/b.jpg", host="rebinding.example"))[0] == "forbidden"


def test_images_of_this_machine_are_refused_by_default(shop_server, images):
    shop_server.answer("/a.jpg", jpeg())
    opened = images(allow_private=False)
    for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:7f00:1]"):
        assert problem_of(opened, shop_server.url("/a.jpg", host=host))[0] == "forbidden"
    assert not shop_server.asked
