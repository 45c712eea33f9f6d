"""Run a job's parts on the engine that the configuration names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from smartprod.engines.interrupt import StopRequest, stop_on_request
from smartprod.errors import UsageError
from smartprod.pipeline import cpu_count

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.engines.parts import Part

Advance = Callable[[int, int], None]
"""Told how many more rows are done, and how many of them are bad."""


class PartWorker(Protocol):
    """Does parts, best in their order; opened once and used for many."""

    def do(self, part: Part, advance: Advance) -> None:
        """Do a part and write its file, whole or not at all; `advance` may raise to end it."""
        ...

    def close(self) -> None:
        """Let go of threads and files."""
        ...


class PartJob(Protocol):
    """What workers are opened from: a frozen dataclass of plain values, for it travels between processes."""

    @property
    def parts(self) -> str:
        """Folder that the files of the parts go to."""
        ...

    def open(self, *, threads: int) -> PartWorker:
        """Open a worker in this process, with this many threads."""
        ...


def run_parts(job: PartJob, parts: Sequence[Part], *, config: Config, advance: Advance) -> None:
    """Do parts of a job, in any order.

    Args:
        job: What workers are opened from.
        parts: Those that are not done yet.
        config: Its sections `engine` and `run` say where, and with how many threads.
        advance: Told of rows as they are done.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C; parts that are done are kept.
        UsageError: (SP840) Workers are asked for that the engine does not have.
        JobError: The engine cannot be had.
    """
    engine = config.engine
    if engine.kind == "ray":
        from smartprod.engines.ray_schedule import run_on_ray

        with stop_on_request("ending the workers; the parts that are done are kept") as stop:
            run_on_ray(job, parts, config=config, advance=advance, stop=stop)
        return
    if engine.address is not None or engine.workers is not None:
        raise UsageError(
            "SP840",
            "the engine `local` works in one process; it has no address and no number of workers",
            where="engine.address, engine.workers",
            fix="add --engine ray, or leave them out; run.threads says how many processors to use",
        )
    with stop_on_request("finishing the batch at hand") as stop:
        _run_here(job, parts, threads=config.run.threads or cpu_count(), advance=advance, stop=stop)


def _run_here(
    job: PartJob, parts: Sequence[Part], *, threads: int, advance: Advance, stop: StopRequest
) -> None:
    """Do parts one after the other in this process."""

    def advance_or_stop(rows: int, bad: int) -> None:
        advance(rows, bad)
        if stop.made:
            raise KeyboardInterrupt

    worker = job.open(threads=threads)
    try:
        for part in parts:
            worker.do(part, advance_or_stop)
            if stop.made:
                raise KeyboardInterrupt
    finally:
        worker.close()
