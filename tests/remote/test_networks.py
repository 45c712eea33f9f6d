from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.remote.networks import literal_address, refuse_address


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "93.184.215.14",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ],
)
def test_networks_public_addresses_are_taken(text):
    assert refuse_address(ip_address(text)) is None


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "::1",
     "fc00::1", "fdff::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"],
)  # fmt: skip
def test_networks_private_addresses_are_taken_only_where_allowed(text):
    assert refuse_address(ip_address(text)) == "a private address"
    assert refuse_address(ip_address(text), allow_private=True) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("169.254.169.254", "a cloud metadata address"),
        ("::ffff:169.254.169.254", "a cloud metadata address"),
        ("64:ff9b::a9fe:a9fe", "a cloud metadata address"),
        ("168.63.129.16", "a cloud metadata address"),
        ("100.100.100.200", "a cloud metadata address"),
        ("192.0.0.192", "a cloud metadata address"),
        ("fd00:ec2::254", "a cloud metadata address"),
        ("169.254.0.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("0.0.0.0", "a reserved address"),
        ("255.255.255.255", "a reserved address"),
        ("240.0.0.1", "a reserved address"),
        ("198.18.0.1", "a reserved address"),
        ("203.0.113.7", "a reserved address"),
        ("::", "a reserved address"),
        ("::127.0.0.1", "a reserved address"),
        ("2002:7f00:1::", "a reserved address"),
        ("2001::1", "a reserved address"),
        ("2001:db8::1", "a reserved address"),
        ("fec0::1", "a reserved address"),
        ("64:ff9b:1::a00:1", "a reserved address"),
        ("4000::1", "a reserved address"),
    ],
)
def test_networks_special_addresses_are_never_taken(text, kind):
    assert refuse_address(ip_address(text)) == kind
    assert refuse_address(ip_address(text), allow_private=True) == kind


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_networks_nothing_is_taken_that_python_knows_as_private(address):
    if refuse_address(address) is None:
        kinds = ("private", "loopback", "link_local", "multicast", "unspecified")
        assert not any(getattr(address, f"is_{kind}") for kind in kinds)
    mapped = IPv6Address(f"::ffff:{address}")
    assert refuse_address(mapped) == refuse_address(address)


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_networks_no_special_address_of_version_6_is_taken(address):
    if refuse_address(address) is None:
        kinds = ("private", "reserved", "multicast", "site_local")
        assert not any(getattr(address, f"is_{kind}") for kind in kinds)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("127.1", "127.0.0.1"),
        ("0x7f.0.0.1.", "127.0.0.1"), ("[::1]", "::1"), ("[fe80::1%eth0]", "fe80::1"), ("8.8.8.8", "8.8.8.8"),
        ("shop.example", None), ("face.de", None), ("1.2.3.4.5", None), ("localhost", None), ("", None),
    ],
)  # fmt: skip
def test_networks_addresses_in_a_url_are_read_in_every_form(host, address):
    assert literal_address(host) == (None if address is None else ip_address(address))
