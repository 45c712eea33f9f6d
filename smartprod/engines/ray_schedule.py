"""Run a job's parts on a Ray cluster: one part at a time for each worker, and again elsewhere where a worker is lost.

Plain actors rather than Ray Data: its executor needs 7 to 27 s before the first part where actors need 1 s, carries a
tenth of the parts per second, leaves the parts that wait for a lost worker waiting, and tries the part that ends its
workers without end (`benchmarks/ray_scaling.py`, docs/decisions.md).
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.engines.ray_cluster import Room, import_ray, join_cluster
from smartprod.engines.ray_site import Site, open_site
from smartprod.engines.ray_worker import Failure, RemoteWorker, Report
from smartprod.errors import JobError

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.engines.interrupt import StopRequest
    from smartprod.engines.parts import Part
    from smartprod.engines.running import Advance, PartJob

LOSSES_ALLOWED = 2
"""A part that was at hand when a worker was lost is done again so often."""
BEGINNINGS_ALLOWED = 5
"""So many workers may end one after the other before they are ready."""
PATIENCE_SECONDS = 600.0
"""So long nothing may happen while no part is at hand: machines may be starting, or other jobs at work."""
SIGHT_SECONDS = 60.0
"""So long a network file system may hide a file that another machine has written."""
_TICK_SECONDS = 0.5
_CLOSE_SECONDS = 10.0


def run_on_ray(
    job: PartJob, parts: Sequence[Part], *, config: Config, advance: Advance, stop: StopRequest
) -> None:
    """Do parts of a job on the cluster that `config.engine` names.

    Raises:
        KeyboardInterrupt: The user asked to stop; the parts at hand are given up.
        JobError: The cluster cannot be had, its machines lack something, or a part cannot be done there.
        SmartprodError: An error of the job, raised by a worker.
    """
    folder = Path(job.parts)
    with join_cluster(config) as room, open_site(folder, config) as site:
        schedule = _Schedule(job, parts, site=site, room=room, advance=advance)
        try:
            schedule.run(stop)
            schedule.close()
        finally:
            schedule.kill()
    _confirm(folder, parts)


@dataclass(frozen=True, slots=True)
class _Call:
    """What a worker is at: a part, or beginning."""

    worker: Any
    part: Part | None


class _Schedule:
    """Gives parts to workers, and counts."""

    def __init__(
        self, job: PartJob, parts: Sequence[Part], *, site: Site, room: Room, advance: Advance
    ) -> None:
        self._ray = import_ray()
        self._kind = self._ray.remote(RemoteWorker).options(
            num_cpus=room.threads, num_gpus=room.gpus, scheduling_strategy="SPREAD"
        )
        self._arguments = {"site": site, "threads": room.threads, "gpus": room.gpus}
        self._job = job
        self._folder = Path(job.parts)
        self._advance = advance
        self._most = min(room.workers, len(parts))
        self._waiting = deque(parts)
        self._left = len(parts)
        self._workers: list[Any] = []
        self._idle: list[Any] = []
        self._calls: dict[Any, _Call] = {}
        self._losses: Counter[int] = Counter()
        self._failed_beginnings = 0
        self._last_event = time.monotonic()

    def run(self, stop: StopRequest) -> None:
        """Do all parts."""
        for _ in range(self._most):
            self._add_worker()
        while self._left:
            done, _ = self._ray.wait(list(self._calls), timeout=_TICK_SECONDS)
            if stop.made:
                raise KeyboardInterrupt
            for reference in done:
                self._last_event = time.monotonic()
                self._settle(reference, self._calls.pop(reference))
            self._check_patience()

    def close(self) -> None:
        """Let idle workers end in good order."""
        ends = [worker.close.remote() for worker in self._idle]
        self._ray.wait(ends, num_returns=max(1, len(ends)), timeout=_CLOSE_SECONDS) if ends else None

    def kill(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._workers:
            self._ray.kill(worker)

    def _add_worker(self) -> None:
        worker = self._kind.remote(**self._arguments)
        self._workers.append(worker)
        self._calls[worker.begin.remote()] = _Call(worker, None)

    def _hand_out(self, worker: Any) -> None:
        """Give a worker the next part; it idles where none is waiting, for one may come back."""
        if self._waiting:
            part = self._waiting.popleft()
            self._calls[worker.do.remote(self._job, part)] = _Call(worker, part)
        else:
            self._idle.append(worker)

    def _settle(self, reference: Any, call: _Call) -> None:
        """Take what a call came to."""
        from ray.exceptions import RayError, RayTaskError

        try:
            outcome = self._ray.get(reference)
        except RayTaskError as error:
            raise _defect(call, error) from error
        except RayError as error:
            self._lose(call, error)
            return
        if isinstance(outcome, Failure):
            raise outcome.raised_here()
        if isinstance(outcome, Report) and call.part is not None:
            self._finish(call.part, bad=outcome.bad)
        self._failed_beginnings = 0
        self._hand_out(call.worker)

    def _finish(self, part: Part, *, bad: int) -> None:
        self._left -= 1
        self._advance(part.rows, bad)

    def _lose(self, call: _Call, error: Exception) -> None:
        """A worker or its machine is gone: its part is done again, by an idle worker or a new one."""
        self._ray.kill(call.worker)
        self._workers.remove(call.worker)
        if call.part is None:
            self._failed_beginnings += 1
            if self._failed_beginnings > BEGINNINGS_ALLOWED:
                raise _no_beginning(error) from error
        elif (self._folder / call.part.file_name).is_file():
            self._finish(call.part, bad=0)  # lost after its last deed
        else:
            self._losses[call.part.number] += 1
            if self._losses[call.part.number] > LOSSES_ALLOWED:
                raise _deadly(call.part, error) from error
            self._waiting.appendleft(call.part)
        if self._idle and self._waiting:
            self._hand_out(self._idle.pop())
        self._add_worker()

    def _check_patience(self) -> None:
        at_hand = any(call.part is not None for call in self._calls.values())
        if not at_hand and self._left and time.monotonic() - self._last_event > PATIENCE_SECONDS:
            raise JobError(
                "SP850",
                f"no worker could be started for {PATIENCE_SECONDS:.0f} seconds: the cluster's machines are gone or busy",
                fix="look at `ray status`; the same command goes on with the parts that are left",
            )


def _defect(call: _Call, error: Any) -> JobError:
    cause = getattr(error, "cause", None) or error
    return JobError(
        "SP848",
        f"a worker failed: {type(cause).__name__}: {cause}",
        where=_told(call.part) if call.part else "before its first part",
        fix="this is a defect or a full memory, not your configuration; --debug shows the traceback",
    )


def _no_beginning(error: Exception) -> JobError:
    return JobError(
        "SP851",
        f"workers end before they are ready: {_reason(error)}",
        fix="install the same smartprod, with the extra `ray`, on every machine of the cluster (docs/scaling.md)",
    )


def _deadly(part: Part, error: Exception) -> JobError:
    return JobError(
        "SP849",
        f"{_told(part)} has ended {LOSSES_ALLOWED + 1} workers, the last one so: {_reason(error)}",
        fix="if memory ran out: fewer workers on each machine (a larger engine.threads_per_worker) or smaller parts; "
        "the same command goes on with the parts that are left",
    )


def _told(part: Part) -> str:
    return f"part {part.number} (rows {part.start:,} to {part.start + part.rows - 1:,})"


def _reason(error: Exception) -> str:
    """The last line of Ray's account, which says what happened, up to its advice."""
    last = str(error).strip().splitlines()[-1]
    return last.partition(" Some common causes")[0][:400]


def _confirm(folder: Path, parts: Sequence[Part]) -> None:
    """Wait until the files of all parts can be seen here.

    Raises:
        JobError: (SP852) A part was told to be done, and its file is not there.
    """
    deadline = time.monotonic() + SIGHT_SECONDS
    while True:
        seen = {
            path.name for path in folder.iterdir()
        }  # a listing, for a single file's absence may be remembered
        missing = [part for part in parts if part.file_name not in seen]
        if not missing:
            return
        if time.monotonic() > deadline:
            raise JobError(
                "SP852",
                f"{len(missing):,} parts were told to be done, but their files are not here; the first is {_told(missing[0])}",
                where=str(folder / missing[0].file_name),
                fix="let all machines share one file system; the same command goes on with the parts that are left",
            )
        time.sleep(_TICK_SECONDS)
