"""The page of the review: a small server that only this machine can reach.

It binds to 127.0.0.1, answers only under its own host name (a page elsewhere that rebinds a name gains nothing), takes
labels only with the token that its own page carries, and gives out no file but the photos of the queue, as thumbnails.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from smartprod.evaluation import large_thumbnail
from smartprod.review.labels_file import LabelsFile, ReviewedLabel
from smartprod.review.queue import QueuedProduct, ReviewQueue

HOST = "127.0.0.1"
LARGEST_REQUEST = 16_384
SHOWN_CHARACTERS = 2_000
_DECISIONS = {
    "accepted": "answered, and sure of it",
    "backed_off": "sure of a category above only",
    "other": "unlike everything learned",
    "review": "not sure",
}


@dataclass(frozen=True, slots=True)
class Review:
    """What the server is about.

    Attributes:
        queue: The products.
        labels: What was said about them.
        token: What a request that changes something must carry.
        lock: Held while a label is written.
    """

    queue: ReviewQueue
    labels: LabelsFile
    token: str
    lock: Lock


class ReviewServer(ThreadingHTTPServer):
    """The server of one review; `with ReviewServer(...) as server: server.serve_forever()`."""

    daemon_threads = True

    def __init__(self, queue: ReviewQueue, labels: LabelsFile, *, port: int = 0) -> None:
        """Bind to 127.0.0.1.

        Args:
            queue: What is reviewed.
            labels: Where labels go.
            port: Port; 0: any that is free.
        """
        self.review = Review(queue, labels, secrets.token_urlsafe(16), Lock())
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_address[1]}/"


def serve_review(server: ReviewServer) -> None:
    """Answer until Ctrl-C."""
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version = "smartprod"
    sys_version = ""

    def do_GET(self) -> None:
        if not self._is_own_host():
            return self._refuse(HTTPStatus.FORBIDDEN)
        if self.path == "/":
            return self._send(page(self.server.review), "text/html; charset=utf-8", policy=True)
        if self.path.startswith("/product/") and (product := self._product(self.path[9:])) is not None:
            return self._send(json.dumps(shown(product, self.server.review)), "application/json")
        return self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        review = self.server.review
        size = int(self.headers.get("Content-Length") or 0)
        if not self._is_own_host() or not secrets.compare_digest(
            self.headers.get("X-Token", ""), review.token
        ):
            return self._refuse(HTTPStatus.FORBIDDEN)
        if not 0 < size <= LARGEST_REQUEST:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            given = json.loads(self.rfile.read(size))
            product, category = self._product(str(given["number"])), given["category"]
        except (ValueError, KeyError, TypeError):
            return self._refuse(HTTPStatus.BAD_REQUEST)
        if product is None or not (category is None or isinstance(category, str)):
            return self._refuse(HTTPStatus.BAD_REQUEST)
        with review.lock:
            if category is None:
                review.labels.remove(product.id)
            elif category.strip():
                review.labels.put(ReviewedLabel(product.id, category.strip(), product.answer))
            else:
                return self._refuse(HTTPStatus.BAD_REQUEST)
        return self._send(json.dumps({"labels": len(review.labels.labels)}), "application/json")

    def _product(self, number: str) -> QueuedProduct | None:
        products = self.server.review.queue.products
        return products[int(number)] if number.isdecimal() and int(number) < len(products) else None

    def _is_own_host(self) -> bool:
        port = self.server.server_address[1]
        return self.headers.get("Host") in {f"{HOST}:{port}", f"localhost:{port}"}

    def _send(self, text: str, kind: str, *, policy: bool = False) -> None:
        content = text.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if policy:
            self.send_header(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
                "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            )
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_error(status)

    def log_message(self, format: str, *args: object) -> None:
        del format, args  # the terminal is for the person who reviews


def page(review: Review) -> str:
    """The page: it asks for one product after the other."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("smartprod.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("review.html.j2").render(
        categories=review.queue.categories,
        state={
            "token": review.token,
            "products": len(review.queue.products),
            "first": next(
                (
                    number
                    for number, product in enumerate(review.queue.products)
                    if review.labels.get(product.id) is None
                ),
                len(review.queue.products),
            ),
            "labelled": len(review.labels.labels),
            "file": str(review.labels.path),
        },
    )


def shown(product: QueuedProduct, review: Review) -> dict[str, Any]:
    """One product for the page."""
    photo = large_thumbnail(product.images)
    said = review.labels.get(product.id)
    return {
        "id": product.id,
        "title": product.title,
        "description": product.description[:SHOWN_CHARACTERS],
        "photo": photo.source,
        "why_no_photo": photo.reason,
        "answer": product.answer,
        "decision": _DECISIONS.get(product.decision, product.decision),
        "choices": [list(choice) for choice in product.choices],
        "label": said.category if said else None,
        "labels": len(review.labels.labels),
    }
