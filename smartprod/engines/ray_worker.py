"""What runs in a worker's process of a Ray cluster: the same worker as anywhere, with its errors sent home whole."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.errors import SmartprodError
from smartprod.pipeline import limit_threads

if TYPE_CHECKING:
    from smartprod.engines.parts import Part
    from smartprod.engines.ray_site import Site
    from smartprod.engines.running import PartJob, PartWorker


@dataclass(frozen=True, slots=True)
class Report:
    """A part that is done.

    Attributes:
        rows: How many rows it has.
        bad: How many of them are bad.
    """

    rows: int
    bad: int


@dataclass(frozen=True, slots=True)
class Greeting:
    """A worker that is ready.

    Attributes:
        host: Its machine.
        gpus: The GPUs it may use, as in `CUDA_VISIBLE_DEVICES`.
    """

    host: str
    gpus: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of smartprod, which a worker's machine gives back as a value; notes do not travel with errors.

    Attributes:
        error: The error.
        notes: Its notes.
        host: The machine.
    """

    error: SmartprodError
    notes: tuple[str, ...]
    host: str

    @classmethod
    def of(cls, error: SmartprodError) -> Failure:
        """Take an error as it was raised here."""
        return cls(error, tuple(getattr(error, "__notes__", ())), platform.node())

    def raised_here(self) -> SmartprodError:
        """The error as the caller is told it."""
        for note in self.notes:
            self.error.add_note(note)
        if self.host != platform.node():
            self.error.add_note(f"this happened on the machine {self.host}")
        return self.error


class RemoteWorker:
    """A worker that Ray starts on some machine.

    The job comes with the parts, for reading it loads libraries, and they size their thread pools then.

    Args:
        site: What the caller sees.
        threads: Threads it may use.
        gpus: GPUs that it was given.
    """

    def __init__(self, site: Site, *, threads: int, gpus: float) -> None:
        self._site = site
        self._threads = threads
        self._gpus = gpus
        self._worker: PartWorker | None = None

    def begin(self) -> Greeting | Failure:
        """Make sure that this machine has what the job needs."""
        if not self._gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # those of the machine belong to others
        limit_threads(self._threads)
        try:
            self._site.enter()
        except SmartprodError as error:
            return Failure.of(error)
        return Greeting(platform.node(), os.environ.get("CUDA_VISIBLE_DEVICES", ""))

    def do(self, job: PartJob, part: Part) -> Report | Failure:
        """Do a part of a job, which is opened with the first one."""
        rows = bad = 0

        def advance(more_rows: int, more_bad: int) -> None:
            nonlocal rows, bad
            rows, bad = rows + more_rows, bad + more_bad

        try:
            if self._worker is None:
                self._worker = job.open(threads=self._threads)
            self._worker.do(part, advance)
        except SmartprodError as error:
            return Failure.of(error)
        return Report(rows, bad)

    def close(self) -> None:
        """Let go of threads and files."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None
