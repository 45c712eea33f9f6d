"""Which addresses may be fetched: judged by their text, and again by where their host's name leads."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from smartprod.errors import UsageError
from smartprod.remote.networks import literal_address, refuse_address
from smartprod.remote.problem import RemoteProblem
from smartprod.remote.references import redact, scheme_of

if TYPE_CHECKING:
    from smartprod.config.schema import RemoteConfig

HTTP_SCHEMES = ("https", "http")
OBJECT_STORES = ("s3", "gs", "az", "abfs")
"""Schemes of stores whose machines are those of the user's own account: an address names a bucket, not a host."""

POLICY_KEYS = ("allow", "schemes", "hosts", "allow_private")
"""Keys of `catalog.remote` that decide which images are usable; the others only say how they are fetched."""

_LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A network address to connect to.

    Attributes:
        family: `socket.AF_INET` or `socket.AF_INET6`.
        address: As `socket.connect` takes it: the number, the port, and more for IPv6.
    """

    family: int
    address: tuple[Any, ...]


Resolver = Callable[[str, int], list[Endpoint]]


def resolve(host: str, port: int) -> list[Endpoint]:
    """Look a host's addresses up, in the order in which the system would try them.

    Raises:
        OSError: The name is not known, or cannot be looked up.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Endpoint(family, address) for family, _, _, _, address in found]


@dataclass(frozen=True, slots=True)
class RemotePolicy:
    """Judges addresses; whatever fetches one asks here first, and for every redirect again.

    Attributes:
        allow: Whether anything is fetched.
        schemes: Which kinds of addresses.
        hosts: Hosts or buckets that are allowed, `*.example.com` for all below one; empty: any.
        allow_private: Whether private networks and this machine may be connected to.
        resolver: Looks host names up.
    """

    allow: bool = False
    schemes: tuple[str, ...] = ("https",)
    hosts: tuple[str, ...] = ()
    allow_private: bool = False
    resolver: Resolver = resolve

    @classmethod
    def of(cls, config: RemoteConfig, *, resolver: Resolver = resolve) -> RemotePolicy:
        """Read the policy from the configuration.

        Raises:
            UsageError: (SP250, SP251) A package that an allowed scheme needs is not installed.
        """
        if config.allow:
            require_packages(config.schemes, where="catalog.remote.schemes")
        hosts = tuple(host.lower() for host in config.hosts)
        return cls(config.allow, config.schemes, hosts, config.allow_private, resolver)

    def judge(self, address: str) -> RemoteProblem | None:
        """Say why an address may not be fetched, as far as its text tells; None where it may.

        Returns:
            `forbidden`, or `corrupt` for what is no address.
        """
        scheme = scheme_of(address) or ""
        if scheme not in (*HTTP_SCHEMES, *OBJECT_STORES):
            return RemoteProblem("forbidden", f"{scheme} address; such are never fetched")
        if not self.allow:
            off = f"{scheme} address; images are read from disk only (catalog.remote.allow)"
            return RemoteProblem("forbidden", off)
        if scheme not in self.schemes:
            allowed = f"allowed are {', '.join(self.schemes)} (catalog.remote.schemes)"
            return RemoteProblem("forbidden", f"{scheme} address; {allowed}")
        if len(address) > _LONGEST:
            return RemoteProblem("corrupt", f"an address of {len(address):,} characters")
        try:
            host, has_user = _host_of(address, scheme)
        except ValueError:
            return RemoteProblem("corrupt", "not a valid address")
        refused = self._refuse_host(host, has_user=has_user, is_http=scheme in HTTP_SCHEMES)
        return RemoteProblem("forbidden", refused) if refused else None

    def endpoints(self, host: str, port: int) -> list[Endpoint]:
        """Look a host up, once, and give the addresses to connect to: these and no others.

        Raises:
            RemoteProblem: `forbidden` where any of its addresses is refused, `unreadable` where it has none.
        """
        try:
            found = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            known = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
            reason = f"host {host} is not known" if known else f"host {host} cannot be looked up"
            raise RemoteProblem("unreadable", reason, passing=not known) from error
        for endpoint in found:
            refused = refuse_address(
                ip_address(str(endpoint.address[0]).partition("%")[0]), allow_private=self.allow_private
            )
            if refused is not None:
                raise RemoteProblem("forbidden", _refusal(host, refused))
        if not found:
            raise RemoteProblem("unreadable", f"host {host} has no address")
        return found

    def _refuse_host(self, host: str, *, has_user: bool, is_http: bool) -> str | None:
        if has_user:
            return "an address with a user or password"
        if self.hosts and not any(_matches(host, listed) for listed in self.hosts):
            return f"host {host} is not listed in catalog.remote.hosts"
        literal = literal_address(host) if is_http else None
        kind = literal and refuse_address(literal, allow_private=self.allow_private)
        return _refusal(host, kind) if kind else None


def require_packages(schemes: tuple[str, ...], *, where: str) -> None:
    """Make sure that what fetches addresses of these schemes is installed.

    Raises:
        UsageError: SP250 for the extra `remote`, SP251 for the package of one scheme.
    """
    lacking = [name for name in ("urllib3", "fsspec") if importlib.util.find_spec(name) is None]
    if lacking:
        raise UsageError(
            "SP250",
            f"Addresses need {' and '.join(lacking)}, which is not installed.",
            where=where,
            fix="pip install 'smartprod[remote]'",
        )
    for scheme in schemes:
        if scheme not in HTTP_SCHEMES:
            _require_store(scheme, where)


def _require_store(scheme: str, where: str) -> None:
    from fsspec import get_filesystem_class

    try:
        get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        raise UsageError(
            "SP251",
            f"{scheme}:// addresses need a package that is not installed.",
            where=where,
            fix=f"{error}.",
        ) from error


def _host_of(address: str, scheme: str) -> tuple[str, bool]:
    """The host or bucket of an address, and whether a user is named with it.

    Raises:
        ValueError: There is no host, or the address is malformed.
    """
    if scheme in HTTP_SCHEMES:
        from urllib3.exceptions import LocationParseError
        from urllib3.util import parse_url

        try:
            parts = parse_url(
                address
            )  # the parser that the request is made with: no two readings of one address
        except LocationParseError as error:
            raise ValueError(redact(address)) from error
        if not parts.host:
            raise ValueError(redact(address))
        return parts.host.lower().rstrip("."), parts.auth is not None
    bucket = address.split("://", 1)[1].split("/", 1)[0]
    if not bucket:
        raise ValueError(redact(address))
    return bucket.lower(), "@" in bucket


def _matches(host: str, listed: str) -> bool:
    return host == listed or (listed.startswith("*.") and host.endswith(listed[1:]))


def _refusal(host: str, kind: str) -> str:
    return f"host {host} leads to {kind}"
