"""One GET over http(s) into a file: redirects judged one by one, size and time limited, nothing decoded on the way."""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import urllib3
from urllib3.util import Url, parse_url

from smartprod._version import __version__
from smartprod.remote.connection import Connections, is_out_of_time, limited
from smartprod.remote.problem import RemoteProblem

if TYPE_CHECKING:
    from smartprod.remote.download_cache import SafeFile
    from smartprod.remote.policy import RemotePolicy

_CHUNK = 1 << 16
_MOST_DRAINED = 1 << 16
_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {404, 410}
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_PORTS = {"http": 80, "https": 443}
# `identity`: a body that is unpacked on the way could be a bomb. No cookies, no credentials, no proxy.
_HEADERS = {
    "User-Agent": f"smartprod/{__version__}",
    "Accept": "image/jpeg,image/png,image/webp,image/*;q=0.8,*/*;q=0.5",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one request may take.

    Attributes:
        read_seconds: Longest wait for anything to come.
        redirects: Most redirects followed.
        megabytes: Largest body in millions of bytes; None: any.
    """

    read_seconds: float = 10.0
    redirects: int = 5
    megabytes: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of a body that has been written.

    Attributes:
        status: 200, or 304 where the headers asked for changes only and there are none.
        headers: By name in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpDownload:
    """Downloads over http(s); safe for threads.

    Args:
        policy: Judges every address and every redirect.
        connections: Where connections come from.
        limits: What one request may take.
    """

    def __init__(self, policy: RemotePolicy, connections: Connections, limits: HttpLimits) -> None:
        self._policy = policy
        self._connections = connections
        self._limits = limits

    def get(
        self, address: str, file: SafeFile, *, seconds: float, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Write the body of an address to `file`, once, without another try.

        Args:
            address: An http(s) address.
            file: Open for writing, empty.
            seconds: For everything together, redirects included.
            headers: Further headers.

        Raises:
            RemoteProblem: Why there is no body.
        """
        with limited(seconds=seconds, read_seconds=self._limits.read_seconds):
            try:
                return self._follow(address, file, {**_HEADERS, **(headers or {})})
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _describe(error, self._limits.read_seconds) from error

    def _follow(self, address: str, file: SafeFile, headers: Mapping[str, str]) -> Answer:
        for hop in range(self._limits.redirects + 1):
            try:
                location, answer = self._ask(address, file, headers)
            except RemoteProblem as problem:
                if hop and problem.status == "forbidden":
                    raise RemoteProblem("forbidden", f"redirected: {problem.reason}") from problem
                raise
            if answer is not None:
                return answer
            address = urljoin(address, _readable(location))
        raise RemoteProblem("unreadable", f"more than {self._limits.redirects} redirects")

    def _ask(self, address: str, file: SafeFile, headers: Mapping[str, str]) -> tuple[str, Answer | None]:
        """Make one request; gives where it redirects to, or else its answer."""
        refused = self._policy.judge(address)
        if refused is not None:
            raise refused
        response = self._request(parse_url(address), headers)
        try:
            location = response.headers.get("location", "") if response.status in _REDIRECTS else ""
            if location:
                _finish(response)
                return location, None
            return "", self._receive(response, file)
        except BaseException:
            response.close()  # what is left of the body must not be taken for the next answer
            raise
        finally:
            response.release_conn()

    def _request(self, url: Url, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        scheme = (url.scheme or "").lower()
        pool = self._connections.pool(scheme, url.host or "", url.port or _PORTS[scheme])
        return pool.urlopen(
            "GET",
            url.request_uri,
            headers=dict(headers),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _receive(self, response: urllib3.BaseHTTPResponse, file: SafeFile) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status != 200:
            _finish(response)
            if response.status == 304:
                return Answer(304, headers)
            raise _refused(response.status, response.reason, headers)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise RemoteProblem("corrupt", f"sent packed ({encoding[:20]}), which was not asked for")
        length = headers.get("content-length", "")
        self._check_size(int(length) if length.isdecimal() else 0)
        received = 0
        for chunk in response.stream(_CHUNK, decode_content=False):
            received += len(chunk)
            self._check_size(received)
            file.write(chunk)
        return Answer(200, headers)

    def _check_size(self, size: int) -> None:
        most = self._limits.megabytes
        if most is not None and size > most * 1e6:
            raise RemoteProblem("too_large", f"more than {most:g} MB")


def _finish(response: urllib3.BaseHTTPResponse) -> None:
    """Read a short body that nobody wants, so that the connection can be used again; hang up on a long one."""
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= _MOST_DRAINED:
        response.read(decode_content=False)
    else:
        response.close()


def _readable(location: str) -> str:
    """Take a redirect's target as UTF-8 where it is; headers come as Latin-1."""
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location


def _refused(status: int, phrase: str | None, headers: Mapping[str, str]) -> RemoteProblem:
    said = f"{status} {(phrase or '')[:40]}".strip()
    if status in _GONE:
        return RemoteProblem("missing", f"no such file ({said})")
    wait = _seconds_to_wait(headers.get("retry-after", "")) if status in _PASSING else None
    return RemoteProblem("unreadable", f"the server answers {said}", passing=status in _PASSING, wait=wait)


def _seconds_to_wait(retry_after: str) -> float | None:
    """Read a `Retry-After`: seconds, or a date."""
    text = retry_after.strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _describe(error: Exception, read_seconds: float) -> RemoteProblem:
    """Put what urllib3 and the system raise into a few words, which never hold the address."""
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        told = "took too long" if is_out_of_time() else f"nothing came for {read_seconds:g} s"
        return RemoteProblem("unreadable", told, passing=True)
    if isinstance(error, urllib3.exceptions.SSLError | ssl.SSLError):
        cause = next((each for each in (error, *error.args) if isinstance(each, ssl.SSLError)), None)
        detail = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "TLS failed"
        return RemoteProblem("unreadable", f"no trusted connection ({detail})")
    if isinstance(error, urllib3.exceptions.ProtocolError | OSError):
        return RemoteProblem("unreadable", "the connection broke", passing=True)
    return RemoteProblem("unreadable", f"not understood ({type(error).__name__})")
