from __future__ import annotations

import pytest

from smartprod.config.schema import RemoteConfig
from smartprod.remote import RemotePolicy, image_name, redact, scheme_of


def verdict(policy: RemotePolicy, address: str) -> str | None:
    problem = policy.judge(address)
    return None if problem is None else problem.reason


def test_policy_is_off_by_default():
    assert verdict(RemotePolicy.of(RemoteConfig()), "https://shop.example/a.jpg") == (
        "https address; images are read from disk only (catalog.remote.allow)"
    )


def test_policy_takes_only_listed_hosts():
    policy = RemotePolicy.of(RemoteConfig(allow=True, hosts=("Shop.example", "*.cdn.example")))
    assert verdict(policy, "https://shop.example:8443/a.jpg") is None
    assert verdict(policy, "https://SHOP.EXAMPLE./a.jpg") is None
    assert verdict(policy, "https://a.b.cdn.example/a.jpg") is None
    for host in ("cdn.example", "evilcdn.example", "shop.example.evil.example", "xshop.example"):
        assert (
            verdict(policy, f"https://{host}/a.jpg") == f"host {host} is not listed in catalog.remote.hosts"
        )


@pytest.mark.parametrize(
    "address",
    [
        "https://good.example\\@10.0.0.1/",
        "https://10.0.0.1#@good.example/",
        "https://10.0.0.1?@good.example/",
    ],
)
def test_policy_judges_the_host_that_is_asked(address):
    from urllib3.util import parse_url

    host = parse_url(address).host
    assert (verdict(RemotePolicy(allow=True), address) is None) == (host == "good.example")


@pytest.mark.parametrize(
    ("reference", "scheme", "shown", "name"),
    [
        (
            "https://user:pw@h.example/a/b%20c.jpg?key=1#x",
            "https",
            "https://h.example/a/b%20c.jpg",
            "b c.jpg",
        ),
        ("https://h.example", "https", "https://h.example", "h.example"),
        ("https://h.example/?key=1", "https", "https://h.example/", "h.example"),
        ("https://h.example/img@2x.jpg", "https", "https://h.example/img@2x.jpg", "img@2x.jpg"),
        ("S3://key:pw@bucket/a.jpg", "s3", "S3://bucket/a.jpg", "a.jpg"),
        ("data:image/png;base64,AAAA", "data", "data:image/png...", "png..."),
        ("zip://a::s3://b/c.zip", "zip", "zip://a::s3://b/c.zip", "c.zip"),
        ("simplecache::s3://b/c.jpg", "chained", "simplecache::s3://b/c.jpg", "c.jpg"),
        ("/a/b?c#d.jpg", None, "/a/b?c#d.jpg", "b?c#d.jpg"),
        ("C:\\a.jpg", None, "C:\\a.jpg", "C:\\a.jpg"),
        ("a::b.jpg", None, "a::b.jpg", "a::b.jpg"),
    ],
)
def test_references_are_told_apart_and_shown_without_secrets(reference, scheme, shown, name):
    assert (scheme_of(reference), redact(reference), image_name(reference)) == (scheme, shown, name)
