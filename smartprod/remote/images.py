"""Images by address: asked for ahead of time, downloaded politely, kept on disk, handed over as bytes."""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.remote.connection import Connections, Dial, dial
from smartprod.remote.download_cache import SafeFile, image_cache
from smartprod.remote.download_queue import DownloadQueue, Host
from smartprod.remote.http_download import HttpDownload, HttpLimits
from smartprod.remote.object_store import download_object
from smartprod.remote.policy import HTTP_SCHEMES, RemotePolicy
from smartprod.remote.problem import RemoteProblem
from smartprod.remote.references import scheme_of

if TYPE_CHECKING:
    from smartprod.config.schema import RemoteConfig

_FIRST_WAIT = 0.5
_FAILURES_KEPT = 20_000
_WEB_PAGE = (b"<!doctype html", b"<html")


class RemoteImages:
    """Fetches images by address; safe for threads. Close it when done.

    An address is downloaded when it is first needed and once per process at most: a download is found again in the cache,
    and one that failed is not tried again.

    Args:
        config: What is allowed, and how to fetch.
        megabytes: Largest image in millions of bytes.
        policy: Judges addresses; None: that of the configuration.
        dial: Makes a connection to a judged address.

    Raises:
        UsageError: A package is not installed (SP250, SP251), or the cache's folder cannot be made (SP232).
    """

    def __init__(
        self,
        config: RemoteConfig,
        *,
        megabytes: float,
        policy: RemotePolicy | None = None,
        dial: Dial = dial,
    ) -> None:
        self._config = config
        self._megabytes = megabytes
        self._policy = policy or RemotePolicy.of(config)
        self._cache = image_cache(config)
        self._connections = Connections(
            self._policy,
            connect_seconds=config.connect_seconds,
            per_host=config.connections_per_host,
            dial=dial,
        )
        limits = HttpLimits(config.read_seconds, config.redirects, megabytes)
        self._http = HttpDownload(self._policy, self._connections, limits)
        self._queue = DownloadQueue(
            self._fetch, connections=config.connections, per_host=config.connections_per_host
        )
        self._closing = threading.Event()
        self._failures: OrderedDict[str, RemoteProblem] = OrderedDict()

    def expect(self, addresses: Iterable[str]) -> None:
        """Begin to download what is not in the cache yet; `read` then waits for less."""
        for address in addresses:
            if address not in self._failures and self._cache.find(address) is None:
                self._queue.ask(address)

    def read(self, address: str) -> bytes:
        """Give the content of an image file.

        Raises:
            RemoteProblem: Why there is none.
            SmartprodError: (SP233) The download cannot be kept.
        """
        failure = self._failures.get(address)
        if failure is not None:
            raise RemoteProblem(failure.status, failure.reason)
        path = self._cache.find(address) or self._queue.ask(address).result()
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # another process has made room in this very moment
            data = self._queue.ask(address).result().read_bytes()
        if len(data) > self._megabytes * 1e6:  # kept under a larger limit
            raise RemoteProblem("too_large", f"more than {self._megabytes:g} MB")
        return data

    def close(self) -> None:
        """End the downloads."""
        self._closing.set()
        self._queue.close()
        self._connections.close()

    def _fetch(self, address: str, host: Host) -> Path:
        """Download an address into the cache, with further tries; runs in a thread of the queue."""
        failure = self._failures.get(address)  # or the cache may have it: done since it was asked for
        if failure is not None:
            raise RemoteProblem(failure.status, failure.reason)
        try:
            found = self._cache.find(address)
            return found or self._cache.keep(address, lambda file: self._try_often(address, host, file))
        except RemoteProblem as problem:
            self._failures[address] = RemoteProblem(problem.status, problem.reason)  # without its frames
            while len(self._failures) > _FAILURES_KEPT:
                self._failures.popitem(last=False)
            raise

    def _try_often(self, address: str, host: Host, file: SafeFile) -> None:
        left = self._config.total_seconds
        for attempt in range(self._config.retries + 1):
            self._wait_for(host)
            started = time.monotonic()
            try:
                self._try_once(address, file, left)
            except RemoteProblem as problem:
                left -= time.monotonic() - started
                is_last = attempt == self._config.retries or left <= 0
                if not problem.passing or is_last:
                    host.note(failed=problem.passing)
                    raise
                self._plan_wait(problem, host, attempt)
                file.restart()
            else:
                host.note(failed=False)
                return

    def _try_once(self, address: str, file: SafeFile, seconds: float) -> None:
        if scheme_of(address) in HTTP_SCHEMES:
            self._http.get(address, file, seconds=seconds)
        else:
            refused = self._policy.judge(address)
            if refused is not None:
                raise refused
            download_object(address, file, megabytes=self._megabytes)
        if file.head(64).lstrip().lower().startswith(_WEB_PAGE):
            # Not kept: it is often a passing error, told with the status of success.
            raise RemoteProblem("corrupt", "not an image (a web page)")

    def _plan_wait(self, problem: RemoteProblem, host: Host, attempt: int) -> None:
        """Wait before the next try: as long as the server asked, which then holds for all of the host, or ever longer."""
        longest = self._config.max_wait_seconds
        if problem.wait is not None:
            host.pause(min(problem.wait, longest))
        else:
            wait = _FIRST_WAIT * 2**attempt * random.uniform(0.75, 1.25)
            self._closing.wait(min(wait, longest))

    def _wait_for(self, host: Host) -> None:
        while (seconds := host.not_before - time.monotonic()) > 0 and not self._closing.is_set():
            self._closing.wait(seconds)
        if self._closing.is_set():
            raise RemoteProblem("unreadable", "stopped")
        host.check()
