"""Review: a person looks at the answers that teach most, confirms or corrects them, and the next training reads them.

`review_queue` puts scored answers in order, `LabelsFile` keeps what the person says, `serve_review` shows the page.
"""

from __future__ import annotations

from smartprod.review.labels_file import LabelsFile, ReviewedLabel
from smartprod.review.ordering import review_order
from smartprod.review.queue import QueuedProduct, ReviewQueue, review_queue
from smartprod.review.server import ReviewServer, serve_review

__all__ = [
    "LabelsFile",
    "QueuedProduct",
    "ReviewQueue",
    "ReviewServer",
    "ReviewedLabel",
    "review_order",
    "review_queue",
    "serve_review",
]
