"""A small run with every part of the report in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from PIL import Image

from smartprod.evaluation import (
    AccountSection,
    ChosenHead,
    EmbeddingMapInput,
    HeadPredictions,
    LeaderboardRow,
    ProductExample,
    ReportData,
    ScoredDecisions,
)
from smartprod.quality import Finding, FindingKind

CLASSES = (
    "Clothes > Tops > Shirts",
    "Clothes > Tops > T-shirts",
    "Clothes > Bottoms > Skirts",
    "Shoes > Boots",
    "Shoes > Sandals",
)


def predictions(
    name: str, labels: np.ndarray, *, classes: int, strength: float, seed: int, first_row: int = 0
) -> HeadPredictions:
    """Random predictions that lean towards the truth by `strength`."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(len(labels), classes))
    known = labels >= 0
    logits[np.flatnonzero(known), labels[known]] += strength
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.arange(first_row, first_row + len(labels), dtype=np.int64)
    return HeadPredictions(name, rows, labels.astype(np.int64), probabilities.astype(np.float32))


@pytest.fixture
def make_head() -> Callable[..., HeadPredictions]:
    return predictions


@pytest.fixture(scope="session")
def report_data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """Five categories in two trees, 60 test and 90 validation rows, a photo for every second product."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    test_labels, validation_labels = random.integers(0, 5, 60), random.integers(0, 5, 90)
    test = tuple(
        predictions(name, test_labels, classes=5, strength=strength, seed=seed)
        for seed, (name, strength) in enumerate((("image", 1.5), ("text", 2.0), ("fused", 3.0)))
    )
    validation = tuple(
        predictions(head.name, validation_labels, classes=5, strength=2.5, seed=9, first_row=60)
        for head in test
    )
    fused = test[-1]
    names = [CLASSES[index] for index in fused.predicted]
    kinds = ["accepted" if confidence > 0.5 else "review" for confidence in fused.confidence]
    decisions = ScoredDecisions(
        rows=fused.rows,
        truth=tuple(CLASSES[index] for index in test_labels),
        predicted=tuple(names),
        confidence=fused.confidence,
        head=("fused",) * 60,
        decision=tuple(kinds),  # type: ignore[arg-type]
    )
    photo = folder / "photo.jpg"
    Image.new("RGB", (300, 200), "teal").save(photo)

    def products(rows: Sequence[int]) -> Mapping[int, ProductExample]:
        return {
            row: ProductExample(
                row=row,
                id=f"id-{row}",
                title=f'<script>alert({row})</script> & "shirt"',
                category=CLASSES[0],
                images=(photo,) if row % 2 else (folder / "lost.jpg",),
            )
            for row in rows
        }

    every_label = np.concatenate([test_labels, validation_labels])
    return ReportData(
        run_name="tiny",
        classes=CLASSES,
        train_counts=np.array([200, 50, 10, 5, 1]),
        test=test,
        validation=validation,
        chosen=ChosenHead("fused", "best macro-F1 on validation"),
        leaderboard=(
            LeaderboardRow("concat", "logistic", "concat", 0.9, 0.8, 0.3, 1.5, chosen=True, head="fused"),
            LeaderboardRow(
                "stack", "lightgbm", "stack", 0.8, float("nan"), 0.4, 2.5, chosen=False, head="fused"
            ),
        ),
        decisions=decisions,
        thresholds={"fused": 0.5},
        products=products,
        embedding_map=EmbeddingMapInput(
            name="fused",
            embedding=random.normal(size=(150, 12)).astype(np.float32),
            labels=every_label,
            parts=("test",) * 60 + ("val",) * 90,
            rows=np.arange(150),
        ),
        findings=(
            Finding(
                FindingKind.WRONG_LABEL, 0.99, "look at the label: Skirts?", "0.1%, 99%", CLASSES[0], (1, 2)
            ),
            Finding(FindingKind.USELESS_COLUMN, 0.3, "leave it out", "column `<shop>`: one value"),
        ),
        accounts=(AccountSection("Split", ("train 500, val 90", "  no leakage <found>")),),
        notes=("The text encoder is English only.",),
        config_yaml="run:\n  name: tiny\n",
        versions={"smartprod": "0.1.0"},
        created="today",
    )
