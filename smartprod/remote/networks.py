"""Which internet addresses may be connected to: public ones, and where allowed those of a private network.

The lists are those of IANA's special-purpose registries (RFC 6890 and its updates), written out because the ones of
Python's `ipaddress` differ from version to version.
"""

from __future__ import annotations

import ipaddress
import re
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Never: what no image server lives on, and what hands out a cloud machine's credentials.
_CLOUD_METADATA = (
    "169.254.169.254/32",
    "168.63.129.16/32",
    "100.100.100.200/32",
    "192.0.0.192/32",
    "fd00:ec2::/32",
)
_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_MULTICAST = ("224.0.0.0/4", "ff00::/8")
_RESERVED = (
    "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "240.0.0.0/4", "::/128", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10",
)  # fmt: skip
# A company's own network, and this machine.
_PRIVATE = (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7",
)  # fmt: skip
_NUMERIC_HOST = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


_NEVER = {
    "a cloud metadata address": _networks(*_CLOUD_METADATA),
    "a link-local address": _networks(*_LINK_LOCAL),
    "a multicast address": _networks(*_MULTICAST),
    "a reserved address": _networks(*_RESERVED),
}
_PRIVATE_NETWORKS = _networks(*_PRIVATE)


def refuse_address(address: Address, *, allow_private: bool = False) -> str | None:
    """Say what kind of address this is, where it may not be connected to; None where it may.

    Args:
        address: IPv4 or IPv6; an IPv4 address within an IPv6 one (mapped, NAT64) is judged as itself.
        allow_private: Whether private networks and this machine are allowed. Link-local, metadata, multicast and
            reserved addresses never are.
    """
    address = _embedded(address)
    for kind, networks in _NEVER.items():
        if any(address in network for network in networks):
            return kind
    if any(address in network for network in _PRIVATE_NETWORKS):
        return None if allow_private else "a private address"
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return "a reserved address"
    return None


def literal_address(host: str) -> Address | None:
    """Read a host that is an address itself, in any form that a resolver takes: `127.1`, `0x7f000001`, `2130706433`."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if not _NUMERIC_HOST.fullmatch(bare.rstrip(".")):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
