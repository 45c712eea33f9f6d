"""Worker processes that check cases, and a watchdog that tells dead and hanging ones."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from .case import Breach, Verdict

Make = Callable[[str, int], Callable[[], Verdict]]
"""Makes the input of a case, given by kind and seed; what it returns checks it, and is what the limits are for."""

_MEGABYTE = 1 << 20
_ADDRESS_SPACE_MEGABYTES = (
    8_000  # beyond what a worker has after its first case; more is refused by the system
)
_LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What one case may take.

    Attributes:
        seconds: Wall-clock time.
        megabytes: Memory on top of what the worker had before.
    """

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case, and what it took."""

    kind: str
    seed: int
    verdict: Verdict
    seconds: float
    megabytes: float


def check_all(
    cases: Iterable[tuple[str, int]], make: Make, *, limits: Mapping[str, Limits], workers: int
) -> Iterator[Outcome]:
    """Check cases, given by kind and seed, in processes that may die or hang; the order of outcomes is open.

    Args:
        cases: Kind and seed of each.
        make: A function at the top of a module (it travels to the workers), or a partial of one.
        limits: What one case of each kind may take.
        workers: Processes at a time.
    """
    waiting = deque(cases)
    running: list[_Worker] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_Worker(make, limits))
            for worker in running:
                if worker.case is None and waiting:
                    worker.give(waiting.popleft())
            ready = wait([worker.connection for worker in running], timeout=_LOOK_EVERY_SECONDS)
            for worker in list(running):
                outcome = worker.look(is_ready=worker.connection in ready)
                if outcome is not None:
                    yield outcome
                if worker.is_over or (worker.case is None and not waiting):
                    worker.end()
                    running.remove(worker)
    finally:
        for worker in running:
            worker.end()


class _Worker:
    """A process that checks one case at a time."""

    def __init__(self, make: Make, limits: Mapping[str, Limits]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_work, args=(theirs, make, limits), daemon=True)
        self._process.start()
        theirs.close()
        self._limits = limits
        self._is_warm = False
        self._given_at = 0.0
        self.case: tuple[str, int] | None = None
        self.is_over = False

    def give(self, case: tuple[str, int]) -> None:
        """Hand a case over; `look` tells of its end."""
        self.case, self._given_at = case, time.monotonic()
        with suppress(OSError):  # dead already: `look` tells
            self.connection.send(case)

    def look(self, *, is_ready: bool) -> Outcome | None:
        """Give the outcome of the case, if it is over."""
        if self.case is None:
            return None
        if is_ready:
            try:
                outcome: Outcome = self.connection.recv()
            except (EOFError, OSError):
                self._process.join()
                return self._lost("crash", f"the process died with exit code {self._process.exitcode}")
            self.case = None
            self._is_warm = True
            return outcome
        # Opening models for the first time takes its time and is none of the case's.
        allowed = self._limits[self.case[0]].seconds * (1 if self._is_warm else 5)
        if time.monotonic() - self._given_at > allowed:
            return self._lost("hang", f"not done after {allowed:.0f} s")
        return None

    def _lost(self, oracle: str, told: str) -> Outcome:
        kind, seed = self.case or ("", 0)
        self.case, self.is_over = None, True
        verdict = Verdict(breaches=[Breach(oracle, told)])
        return Outcome(kind, seed, verdict, time.monotonic() - self._given_at, 0.0)

    def end(self) -> None:
        """Kill the process; it keeps nothing."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection, make: Make, limits: Mapping[str, Limits]) -> None:
    """Check the cases that come until nobody asks any more."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # libtiff tells of every damaged file there
        os.dup2(quiet, stream.fileno())
    warm: set[str] = set()
    while True:
        try:
            kind, seed = connection.recv()
        except EOFError:
            return
        if kind not in warm:
            _checked(make(kind, seed))  # imports, models
            warm.add(kind)
            _limit_address_space()
        check = make(kind, seed)
        before = _reset_peak()
        started = time.perf_counter()
        verdict = _checked(check)
        seconds = time.perf_counter() - started
        megabytes = max(0.0, _peak() - before)
        verdict.expect(megabytes <= limits[kind].megabytes, "memory", f"{megabytes:,.0f} MB")
        connection.send(Outcome(kind, seed, verdict, seconds, megabytes))


def _checked(check: Callable[[], Verdict]) -> Verdict:
    try:
        return check()
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is the finding)
        told = f"{error!r}\n{traceback.format_exc()[-1500:]}"
        return Verdict(breaches=[Breach("crash", told.encode("utf-8", "replace").decode())])


def _limit_address_space() -> None:
    """Let an allocation far beyond any case fail, rather than the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        allowed = pages * os.sysconf("SC_PAGE_SIZE") + _ADDRESS_SPACE_MEGABYTES * _MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (allowed, resource.RLIM_INFINITY))


def _reset_peak() -> float:
    """Begin to measure the peak of memory anew; returns the megabytes in use."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    """The peak of resident memory in megabytes: on Linux since `_reset_peak`, elsewhere of the whole process."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
