"""Who is served next: so many downloads at a time, so many to one host, no address twice at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from smartprod.remote.problem import RemoteProblem

GIVE_UP_AFTER = 10
"""Addresses of one host that fail in a row before the host is left alone."""
GIVE_UP_SECONDS = 300.0
"""How long it is left alone."""


@dataclass(slots=True)
class Host:
    """What is known of one host (or bucket).

    Attributes:
        active: Downloads under way.
        waiting: Addresses that wait for a turn.
        not_before: The server asked for a pause until then, by `time.monotonic`.
        failed: Addresses that failed in a row by the host's fault.
        given_up_until: Until then nothing is asked of it.
    """

    active: int = 0
    waiting: deque[tuple[str, Future[Path]]] = field(default_factory=deque)
    not_before: float = 0.0
    failed: int = 0
    given_up_until: float = 0.0

    def pause(self, seconds: float) -> None:
        """Ask nothing more of the host for some seconds."""
        self.not_before = max(self.not_before, time.monotonic() + seconds)

    def check(self) -> None:
        """Refuse a host that has failed too often of late: a dead one must not cost a minute per row.

        Raises:
            RemoteProblem: `unreadable`.
        """
        if time.monotonic() < self.given_up_until:
            raise RemoteProblem("unreadable", f"not asked: its host failed {self.failed} times in a row")

    def note(self, *, failed: bool) -> None:
        """Count an address that failed by the host's fault, or begin to count anew."""
        self.failed = self.failed + 1 if failed else 0
        if self.failed >= GIVE_UP_AFTER:
            self.given_up_until = time.monotonic() + GIVE_UP_SECONDS


class DownloadQueue:
    """Threads that download; an address asked for by several callers is downloaded once.

    Args:
        download: Called in a thread with an address and its host.
        connections: Threads in all.
        per_host: Threads for one host at most.
    """

    def __init__(self, download: Callable[[str, Host], Path], *, connections: int, per_host: int) -> None:
        self._download = download
        self._per_host = per_host
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._under_way: dict[str, Future[Path]] = {}
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="download")

    def ask(self, address: str) -> Future[Path]:
        """Queue an address, or join in the download of it that is under way."""
        with self._lock:
            found = self._under_way.get(address)
            if found is None:
                found = self._under_way[address] = Future()
                host = self._hosts.setdefault(_host_key(address), Host())
                host.waiting.append((address, found))
                self._start(host)
            return found

    def close(self) -> None:
        """Give up what waits, and wait for what is under way."""
        with self._lock:
            for host in self._hosts.values():
                while host.waiting:
                    host.waiting.pop()[1].cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for future in self._under_way.values():  # those that never got a thread
            future.cancel()

    def _start(self, host: Host) -> None:
        """Give the host's next address a thread, where it may have one more; the lock is held."""
        while host.waiting and host.active < self._per_host:
            address, future = host.waiting.popleft()
            host.active += 1
            self._threads.submit(self._run, host, address, future)

    def _run(self, host: Host, address: str, future: Future[Path]) -> None:
        path: Path | None = None
        failure: BaseException | None = None
        try:
            path = self._download(address, host)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
            failure = error
        with self._lock:
            host.active -= 1
            del self._under_way[address]
            self._start(host)
        if failure is not None:
            future.set_exception(failure)
        elif path is not None:
            future.set_result(path)


def _host_key(address: str) -> str:
    """Scheme and host (with port) of an address, to count by; how it is judged is the policy's affair."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0].split('?', 1)[0]}".lower()
