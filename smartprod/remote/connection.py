"""Connections to vetted addresses only, on which no wait outlasts its limit.

urllib3 does HTTP and TLS (it is kept well, is there already with pylance, and lets a connection be made by hand: the
host's name is looked up and judged once, the socket goes to the very address that was judged, and TLS still verifies the
certificate against the name). What it lacks is a limit on a whole answer: a server that sends a byte now and then never
runs into a read timeout. The sockets here look at a deadline before every read.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from smartprod.remote.problem import RemoteProblem

if TYPE_CHECKING:
    from smartprod.remote.policy import Endpoint, RemotePolicy

_ADDRESSES_TRIED = 4
_MOST_POOLS = 64


class _Limits(threading.local):
    """Limits of the request that this thread is at.

    Attributes:
        deadline: When the whole of it has to be done, by `time.monotonic`.
        read_seconds: Longest wait for anything to come.
    """

    deadline = float("inf")
    read_seconds = 10.0

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()


_limits = _Limits()


@contextmanager
def limited(*, seconds: float, read_seconds: float) -> Iterator[None]:
    """Limit what this thread does on sockets of this module: `TimeoutError` where it takes longer.

    Args:
        seconds: For everything together.
        read_seconds: For anything at all to come.
    """
    _limits.deadline, _limits.read_seconds = time.monotonic() + seconds, read_seconds
    try:
        yield
    finally:
        _limits.deadline = float("inf")


def is_out_of_time() -> bool:
    """Tell whether the request of this thread has used up its time."""
    return _limits.left <= 0


class _Timed:
    """Mixed into sockets: every read is given no more than the time that is left."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        left = _limits.left
        if left <= 0:
            raise TimeoutError("out of time")
        self.settimeout(min(_limits.read_seconds, left))  # type: ignore[attr-defined]
        return super().recv_into(*arguments, **named)  # type: ignore[misc]


class TimedSocket(_Timed, socket.socket):
    """A plain socket with a deadline."""


class TimedTlsSocket(_Timed, ssl.SSLSocket):
    """A TLS socket with a deadline."""


Dial = Callable[["Endpoint", float], socket.socket]


def dial(endpoint: Endpoint, seconds: float) -> socket.socket:
    """Connect to an address.

    Raises:
        OSError: It cannot be reached in that time.
    """
    connection = TimedSocket(endpoint.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(endpoint.address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


class _Vetted:
    """Mixed into urllib3's connections: `open_socket` looks the host up, judges it and connects."""

    open_socket: Callable[[str, int], socket.socket]
    _dns_host: str
    port: int

    def __init__(
        self, *arguments: Any, open_socket: Callable[[str, int], socket.socket], **named: Any
    ) -> None:
        self.open_socket = open_socket
        super().__init__(*arguments, **named)

    def _new_conn(self) -> socket.socket:
        return self.open_socket(self._dns_host, self.port)


class _PlainConnection(_Vetted, HTTPConnection):
    pass


class _TlsConnection(_Vetted, HTTPSConnection):
    pass


class Connections:
    """Keeps connections to each host for the next request; safe for threads.

    Args:
        policy: Judges where a host's name leads.
        connect_seconds: For a connection to be made.
        per_host: Connections kept to one host.
        dial: Makes a connection to a judged address.
    """

    def __init__(
        self, policy: RemotePolicy, *, connect_seconds: float, per_host: int, dial: Dial = dial
    ) -> None:
        self._policy = policy
        self._connect_seconds = connect_seconds
        self._per_host = per_host
        self._dial = dial
        self._lock = threading.Lock()
        self._pools: OrderedDict[tuple[str, str, int], urllib3.HTTPConnectionPool] = OrderedDict()
        self._tls = ssl.create_default_context()
        self._tls.sslsocket_class = TimedTlsSocket

    def pool(self, scheme: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
        """The connections to one host."""
        with self._lock:
            key = (scheme, host, port)
            found = self._pools.pop(key, None) or self._make(scheme, host, port)
            self._pools[key] = found
            while len(self._pools) > _MOST_POOLS:
                self._pools.popitem(last=False)[1].close()
            return found

    def close(self) -> None:
        """Close those that are not in use."""
        with self._lock:
            while self._pools:
                self._pools.popitem()[1].close()

    def _make(self, scheme: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
        settings: dict[str, Any] = {
            "timeout": self._connect_seconds,
            "maxsize": self._per_host,
            "retries": False,
            "open_socket": self._open_socket,
        }
        if scheme == "http":
            pool = urllib3.HTTPConnectionPool(host, port, **settings)
            pool.ConnectionCls = _PlainConnection
        else:
            pool = urllib3.HTTPSConnectionPool(host, port, ssl_context=self._tls, **settings)
            pool.ConnectionCls = _TlsConnection
        return pool

    def _open_socket(self, host: str, port: int) -> socket.socket:
        failed: OSError | None = None
        for endpoint in self._policy.endpoints(host, port)[:_ADDRESSES_TRIED]:
            try:
                return self._dial(endpoint, max(0.001, min(self._connect_seconds, _limits.left)))
            except OSError as error:
                failed = error
        reason = "does not answer" if isinstance(failed, TimeoutError) else "cannot be connected to"
        raise RemoteProblem("unreadable", f"host {host} {reason}", passing=True) from failed
