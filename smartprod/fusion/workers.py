"""Fits that do not depend on each other, side by side in as many processes as the machine has processors for."""

from __future__ import annotations

import os
import threading
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from smartprod.errors import TrainingError
from smartprod.fusion.threads import fitting_threads, limited_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from smartprod.fusion.learning_data import LearningData

Result = TypeVar("Result")

_WORTH_A_PROCESS = 3_000_000
"""Numbers in the embeddings, times folds, below which processes cost more seconds to start than they save."""
_MOST_PROCESSES = 8
"""Each holds its own libraries and a copy of the rows it learns from."""
_IDLE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FittingWorkers:
    """Processes for independent fits, and the threads of each.

    What a fit gives does not depend on how many there are: every fit has a seed of its own and as many threads.

    Attributes:
        processes: 1: fits run here, one after the other.
        threads: Threads of every fit.
    """

    processes: int = 1
    threads: int = 1

    def map(self, function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
        """Call `function(*task)` for every task; arrays are shared with the processes, not sent to each.

        Args:
            function: A function of a module.
            tasks: Arguments; a task is only drawn when a process is about to be free for it.

        Yields:
            The results in the order of the tasks.

        Raises:
            TrainingError: (SP504) A process was killed.
        """
        if self.processes == 1:
            yield from (_fit(self.threads, function, task) for task in tasks)
            return
        from joblib import Parallel, delayed

        pool = Parallel(
            self.processes,
            return_as="generator",
            pre_dispatch=self.processes,
            batch_size=1,
            mmap_mode="c",  # a fit may not write to what others read, and torch wants arrays that can be written to
            idle_worker_timeout=_IDLE_SECONDS,
        )
        calls = (delayed(_fit_apart)(os.getpid(), self.threads, function, task) for task in tasks)
        with warnings.catch_warnings():
            # Its pool starts a process anew that has grown by 300 MB, which fits on many rows do.
            warnings.filterwarnings("ignore", message="A worker stopped while", category=UserWarning)
            try:
                yield from pool(calls)
            except BrokenProcessPool as error:
                raise TrainingError(
                    "SP504",
                    f"one of {self.processes} processes that were fitting was killed, most often for want of memory",
                    fix="give run.threads=1, which fits in one process, or more memory",
                ) from error


def _fit(threads: int, function: Callable[..., Result], task: tuple[Any, ...]) -> Result:
    with limited_threads(threads):
        return function(*task)


def _fit_apart(parent: int, threads: int, function: Callable[..., Result], task: tuple[Any, ...]) -> Result:
    """Do a task in a process that `parent` has started."""
    _end_with(parent)
    return _fit(threads, function, task)


@cache
def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone: killed, it leaves a fit of minutes behind otherwise."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def fitting_workers(data: LearningData, *, available: int) -> Iterator[FittingWorkers]:
    """Limit threads inside the block, and give the processors that a single fit does not need to other fits.

    Args:
        data: What is learned from.
        available: Processors that the run may use.
    """
    with fitting_threads(data.elements, available=available) as threads:
        worth = data.elements * len(data.folds) >= _WORTH_A_PROCESS
        processes = min(available // threads, _MOST_PROCESSES) if worth else 1
        yield FittingWorkers(processes, threads)
