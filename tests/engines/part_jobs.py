"""Jobs of parts that are quick, sociable, wrong or deadly, to see what an engine makes of them. Workers import this."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.config import Config
from smartprod.embeddings import EmbeddingStore
from smartprod.engines import Advance, Part, PartPlan
from smartprod.errors import JobError

MEETING_SECONDS = 120.0
"""A busy machine may need long to start a second worker."""


def plan_of(parts: int) -> PartPlan:
    """A plan with parts of three rows."""
    return PartPlan("counting", 3 * parts, 3, {})


def engine_config(**engine: object) -> Config:
    return Config.model_validate({"engine": {"kind": "ray", "threads_per_worker": 1, **engine}})


@dataclass(frozen=True, slots=True)
class CountingJob:
    """Write a file with the numbers of a part's rows, and note who did it in `log`.

    Attributes:
        parts: Where the files go.
        kind: What happens at part 3: `counting`, `error` (a coded one), `defect`, `deadly`, `deadly-once`, `lying` (no file);
            or `meeting`, where each worker waits at its first part until there are two.
    """

    parts: str
    kind: str = "counting"

    def open(self, *, threads: int) -> CountingWorker:
        return CountingWorker(self, threads)


class CountingWorker:
    def __init__(self, job: CountingJob, threads: int) -> None:
        self.job = job
        self.threads = threads
        self.folder = Path(job.parts)

    def do(self, part: Part, advance: Advance) -> None:
        if self.job.kind == "meeting":
            self._meet()
        if part.number == 3:
            self._misbehave(part)
        if part.number != 3 or self.job.kind != "lying":
            rows = range(part.start, part.start + part.rows)
            (self.folder / part.file_name).write_text("".join(f"{row}\n" for row in rows))
        with (self.folder / "log").open("a") as log:
            log.write(f"{part.number} {os.getpid()} {self.threads} {os.environ['CUDA_VISIBLE_DEVICES']}\n")
        advance(part.rows - 1, 0)
        advance(1, 1)

    def _meet(self) -> None:
        (self.folder / f"met-{os.getpid()}").touch()
        until = time.monotonic() + MEETING_SECONDS
        while len(list(self.folder.glob("met-*"))) < 2:
            assert time.monotonic() < until, "nobody else came"
            time.sleep(0.02)

    def _misbehave(self, part: Part) -> None:
        if self.job.kind == "error":
            error = JobError("SP802", "the table ends", where="table.csv", fix="mend it")
            error.add_note("a note")
            raise error
        if self.job.kind == "defect":
            raise ZeroDivisionError("by nothing")
        died = self.folder / "died"
        if self.job.kind == "deadly" or (self.job.kind == "deadly-once" and not died.exists()):
            died.touch()
            os._exit(7)

    def close(self) -> None:
        (self.folder / f"closed-{os.getpid()}").touch()


@dataclass(frozen=True, slots=True)
class StoringJob:
    """Append embeddings to one store from every part; each key comes up in several parts.

    Attributes:
        parts: Where the files of the parts go.
        store: The store's folder.
    """

    parts: str
    store: str

    def open(self, *, threads: int) -> StoringWorker:
        return StoringWorker(self)


class StoringWorker:
    def __init__(self, job: StoringJob) -> None:
        self.job = job
        self.store = EmbeddingStore(Path(job.store))

    def do(self, part: Part, advance: Advance) -> None:
        numbers = [(part.start + offset) % 40 for offset in range(20)]
        values = np.asarray(numbers, dtype=np.float32)[:, None] + np.arange(4, dtype=np.float32)
        self.store.append("f" * 32, [f"key{number}" for number in numbers], values)
        (Path(self.job.parts) / part.file_name).touch()
        advance(part.rows, 0)

    def close(self) -> None:
        """Nothing is open."""
