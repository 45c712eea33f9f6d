"""Micro-batches: what concurrent requests ask is gathered for a moment, and the model is asked about it together."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from smartprod.service.problems import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from smartprod.model import ProductInput
    from smartprod.service.limits import ServiceLimits


class Model(Protocol):
    """What the batcher asks; it is called by one thread only."""

    def answer(self, products: Sequence[ProductInput]) -> list[dict[str, Any]]:
        """Answer for N products, in their order."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    products: Sequence[ProductInput]
    answers: Future[list[dict[str, Any]]]
    arrived: float = field(default_factory=time.monotonic)


class MicroBatcher:
    """Asks a model in a thread of its own.

    The first product that waits stays `window_milliseconds` for others; while the model works, what arrives gathers anyway,
    so that a busy service adds no delay. Requests are not torn apart: a batch holds as many whole ones as fit.

    Args:
        open_model: Opens the model; called in the thread.
        limits: Sizes and times.
        on_batch: Told how many products each batch had.
    """

    def __init__(
        self,
        open_model: Callable[[], AbstractContextManager[Model]],
        limits: ServiceLimits,
        *,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._open_model = open_model
        self._limits = limits
        self._on_batch = on_batch
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._state = "opening"
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether requests are taken."""
        return self._state == "ready"

    @property
    def waiting(self) -> int:
        """Products that wait for the model."""
        return sum(len(job.products) for job in tuple(self._jobs))

    def submit(self, products: Sequence[ProductInput]) -> Future[list[dict[str, Any]]]:
        """Ask about the products of a request.

        Raises:
            RequestError: The service is not ready (SP865), or too many wait (SP866).
        """
        with self._changed:
            if self._state != "ready":
                raise RequestError(
                    503, "SP865", f"the service is not ready: {self._state}", fix="try again in a few seconds"
                )
            if self.waiting + len(products) > self._limits.waiting:
                raise RequestError(
                    429,
                    "SP866",
                    f"{self.waiting:,} products are waiting already",
                    fix="try again in a second",
                )
            job = _Job(products, Future())
            self._jobs.append(job)
            self._changed.notify_all()
            return job.answers

    def close(self) -> None:
        """Take no more requests, answer those that wait, and let go of the model."""
        with self._changed:
            if self._state != "failed":
                self._state = "stopping"
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            with self._open_model() as model:
                self._set_ready()
                while batch := self._next_batch():
                    self._do(model, batch)
        except Exception as error:  # noqa: BLE001  (whatever ends the thread is told by whoever started it)
            self.failure = error
            with self._changed:
                self._state = "failed"
                left = list(self._jobs)
                self._jobs.clear()
            for job in left:
                job.answers.set_exception(error)

    def _set_ready(self) -> None:
        with self._changed:
            if self._state == "opening":
                self._state = "ready"

    def _next_batch(self) -> list[_Job]:
        """Wait for a batch; an empty one is the end."""
        with self._changed:
            while not self._jobs:
                if self._state == "stopping":
                    return []
                self._changed.wait()
            until = self._jobs[0].arrived + self._limits.window_milliseconds / 1e3
            while self.waiting < self._limits.batch and self._state == "ready":
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            batch = [self._jobs.popleft()]
            size = len(batch[0].products)
            while self._jobs and size + len(self._jobs[0].products) <= self._limits.batch:
                batch.append(self._jobs.popleft())
                size += len(batch[-1].products)
            return batch

    def _do(self, model: Model, batch: Sequence[_Job]) -> None:
        jobs = [job for job in batch if job.answers.set_running_or_notify_cancel()]
        products = [product for job in jobs for product in job.products]
        if not products:
            return
        self._on_batch(len(products))
        try:
            answers = model.answer(products)
        except Exception as error:  # noqa: BLE001  (one request must not spoil the others)
            if len(jobs) == 1:
                jobs[0].answers.set_exception(error)
                return
            for job in jobs:
                self._do_alone(model, job)
            return
        start = 0
        for job in jobs:
            job.answers.set_result(answers[start : start + len(job.products)])
            start += len(job.products)

    def _do_alone(self, model: Model, job: _Job) -> None:
        try:
            job.answers.set_result(model.answer(job.products))
        except Exception as error:  # noqa: BLE001  (becomes the response of this request)
            job.answers.set_exception(error)
