"""Scored answers beside their products, in the order in which they are reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog import read_products
from smartprod.cleaning import clean_html
from smartprod.errors import UsageError
from smartprod.remote import image_on_disk, redact
from smartprod.review.ordering import review_order

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config

OTHER = "other"


@dataclass(frozen=True, slots=True)
class QueuedProduct:
    """A product to review. All texts are raw.

    Attributes:
        id: The shop's id.
        title, description: Its texts, the description without its markup.
        images: Its photos on disk, best first.
        answer: What the model gives; empty where it gives nothing.
        choices: Likely categories, the likeliest first, with their confidence.
        decision: What became of the answer.
    """

    id: str
    title: str
    description: str
    images: tuple[Path, ...]
    answer: str
    choices: tuple[tuple[str, float], ...]
    decision: str


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """What is reviewed.

    Attributes:
        products: The most instructive first.
        categories: All categories that may be given.
        without_id: Answers that cannot be reviewed, because their products have no id of their own.
    """

    products: tuple[QueuedProduct, ...]
    categories: tuple[str, ...]
    without_id: int


def review_queue(scored: Path, config: Config, *, limit: int | None = None) -> ReviewQueue:
    """Put scored answers in order and look their products up.

    Args:
        scored: What `smartprod score` wrote as Parquet.
        config: How the table of these products is read.
        limit: Products to review at most.

    Raises:
        UsageError: The file holds no scored answers (SP663), none whose product has an id (SP664), or none of a product
            in the table (SP665).
    """
    answers = _read_scored(scored)
    ids = [each or "" for each in answers["id"].to_pylist()]
    usable = np.flatnonzero([bool(each) for each in ids])
    if not len(usable):
        raise UsageError(
            "SP664",
            "no scored product has an id, so labels could not find their products again",
            where=str(scored),
            fix="name the column of the ids by catalog.columns.id and score again",
        )
    lines = answers.take(usable).to_pylist()
    order = review_order(
        np.asarray([_margin(line) for line in lines], dtype=np.float32),
        [_doubt(line) for line in lines],
        np.asarray([line["decision"] == OTHER for line in lines], dtype=bool),
    )[:limit]
    chosen = [lines[position] for position in order.tolist()]
    found = _products(config, [line["id"] for line in chosen])
    if not found:
        raise UsageError(
            "SP665",
            "the table has none of the products that are to be reviewed",
            where=redact(config.catalog.path),
            fix="give the table that was scored, with its ids in the column that catalog.columns.id names",
        )
    categories = sorted({each for line in answers["top_categories"].to_pylist() for each in line})
    return ReviewQueue(
        products=tuple(_queued(line, found.get(line["id"], {}), config) for line in chosen),
        categories=tuple(categories),
        without_id=len(ids) - len(usable),
    )


def _read_scored(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    needed = ["row", "id", "category", "top_categories", "top_confidences", "decision"]
    try:
        return pq.read_table(path, columns=needed)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise UsageError(
            "SP663",
            f"these are no scored answers: {error}",
            where=str(path),
            fix="give the Parquet file that `smartprod score TABLE --model ... -o scored.parquet` wrote",
        ) from error


def _margin(line: dict[str, object]) -> float:
    confidences = line["top_confidences"]
    assert isinstance(confidences, list)
    best = sorted((float(each) for each in confidences), reverse=True)[:2]
    return float("nan") if not best else best[0] - (best[1] if len(best) > 1 else 0.0)


def _doubt(line: dict[str, object]) -> tuple[str, str]:
    categories = line["top_categories"]
    assert isinstance(categories, list)
    return (str(categories[0]) if categories else "", str(categories[1]) if len(categories) > 1 else "")


def _products(config: Config, wanted: Sequence[str]) -> dict[str, dict[str, object]]:
    names = ["id", "title", "description", "images"]
    table = read_products(config.catalog, optional=("category", "split", "group", "domain")).select(names)
    chosen = set(wanted)
    return {line["id"]: line for line in table.to_pylist() if line["id"] in chosen}


def _queued(line: dict[str, object], product: dict[str, object], config: Config) -> QueuedProduct:
    images = product.get("images")
    categories, confidences = line["top_categories"], line["top_confidences"]
    assert isinstance(categories, list)
    assert isinstance(confidences, list)
    return QueuedProduct(
        id=str(line["id"]),
        title=str(product.get("title") or ""),
        description=clean_html(str(product.get("description") or "")),
        images=tuple(
            image_on_disk(str(path), config.catalog.remote)
            for path in (images if isinstance(images, list) else ())
        ),
        answer=str(line["category"] or ""),
        choices=tuple(
            (str(category), float(confidence))
            for category, confidence in zip(categories, confidences, strict=True)
        ),
        decision=str(line["decision"]),
    )
