"""A generated run with many categories, products and photos, as large as a report gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from smartprod.evaluation import (
    ChosenHead,
    EmbeddingMapInput,
    HeadPredictions,
    ProductExample,
    ReportData,
    ScoredDecisions,
)
from smartprod.quality import Finding, FindingKind

PHOTOS = 40


def large_report(folder: Path, *, classes: int, rows: int) -> ReportData:
    """Make up predictions that confuse neighbours, and photos with detail in them."""
    random = np.random.default_rng(0)
    for number in range(PHOTOS):
        noise = random.integers(0, 255, (20, 20, 3), np.uint8)
        Image.fromarray(noise).resize((500, 500), Image.Resampling.BICUBIC).filter(ImageFilter.DETAIL).save(
            folder / f"{number}.jpg"
        )
    names = tuple(
        f"Department {index // 50} > Shelf {index // 10} > Category {index}" for index in range(classes)
    )
    labels = random.integers(0, classes, rows)
    head = _head("fused", labels, classes, random)
    centres = random.normal(size=(classes, 32))

    def products(wanted: Sequence[int]) -> Mapping[int, ProductExample]:
        return {
            row: ProductExample(
                row, f"P{row}", f"A product of many words, number {row}, in blue and green, size {row % 40}",
                names[labels[row]], (folder / f"{row % PHOTOS}.jpg",), "test",
            )
            for row in wanted
        }  # fmt: skip

    return ReportData(
        run_name="large",
        classes=names,
        train_counts=random.integers(1, 400, classes),
        test=(_head("image", labels, classes, random), _head("text", labels, classes, random), head),
        validation=(),
        chosen=ChosenHead("fused"),
        decisions=ScoredDecisions(
            rows=head.rows,
            truth=tuple(names[label] for label in labels),
            predicted=tuple(names[answer] for answer in head.predicted),
            confidence=head.confidence,
            head=("fused",) * rows,
            decision=("accepted",) * rows,
        ),
        products=products,
        embedding_map=EmbeddingMapInput(
            "fused",
            (centres[labels[:4000]] + random.normal(0, 0.5, (len(labels[:4000]), 32))).astype(np.float32),
            labels[:4000],
            ("test",) * len(labels[:4000]),
            np.arange(len(labels[:4000])),
        ),
        findings=tuple(
            Finding(kind, 0.5, "look at it", "why", names[0], (number, number + 1, number + 2))
            for kind in FindingKind
            for number in range(12)
        ),
    )


def _head(name: str, labels: np.ndarray, classes: int, random: np.random.Generator) -> HeadPredictions:
    """Mostly right; one row in five goes to a neighbour within the shelf."""
    logits = random.normal(0, 0.4, (len(labels), classes)).astype(np.float32)
    answers = np.where(
        random.random(len(labels)) < 0.2, labels // 10 * 10 + random.integers(0, 10, len(labels)), labels
    ).clip(0, classes - 1)
    logits[np.arange(len(labels)), answers] += random.uniform(2, 9, len(labels))
    shares = np.exp(logits)
    return HeadPredictions(
        name, np.arange(len(labels)), labels, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    )
