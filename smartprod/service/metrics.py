"""Figures of the service, in the text format of Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smartprod.service.schemas import Answer

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PRODUCTS = (1, 2, 4, 8, 16, 32, 64, 128)


class ServiceMetrics:
    """Counts of one running service.

    Args:
        model: Identity of the model.
    """

    def __init__(self, *, model: str) -> None:
        own = CollectorRegistry()
        self._registry = own
        Gauge("smartprod_model_info", "The model that answers.", ["model"], registry=own).labels(model).set(1)
        self._waiting = Gauge("smartprod_products_waiting", "Products that wait for the model.", registry=own)
        self._requests = Counter(
            "smartprod_requests", "Requests by path and HTTP status.", ["path", "status"], registry=own
        )
        self._seconds = Histogram(
            "smartprod_request_seconds",
            "From the head of a request to its response.",
            ["path"],
            buckets=_SECONDS,
            registry=own,
        )
        self._batches = Histogram(
            "smartprod_batch_products",
            "Products that the model was asked about together.",
            buckets=_PRODUCTS,
            registry=own,
        )
        self._answers = Counter(
            "smartprod_answers", "Answers by decision and head.", ["decision", "head"], registry=own
        )

    def watch_waiting(self, waiting: Callable[[], int]) -> None:
        """Ask how many products wait whenever the figures are written."""
        self._waiting.set_function(waiting)

    def note_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def note_batch(self, products: int) -> None:
        """Count a batch."""
        self._batches.observe(products)

    def note_answers(self, answers: Sequence[Answer]) -> None:
        """Count answers."""
        for answer in answers:
            self._answers.labels(answer.decision, answer.head or "none").inc()

    def text(self) -> bytes:
        """Write all figures."""
        return generate_latest(self._registry)
