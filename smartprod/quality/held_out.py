"""Answers about labelled rows by models that have not seen them: the held-out folds, and the test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers import apply_temperature, fit_temperature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.classifiers import HeadSet, HeldOutAnswers
    from smartprod.fusion import ProductEmbeddings

_BY_PREFERENCE = ("fused", "text", "image")


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """One calibrated answer per labelled row that some model had not seen.

    Attributes:
        rows: Positions in the input table, ascending, int64 [N].
        labels: Class indices, int64 [N].
        probabilities: Calibrated, float64 [N, C].
    """

    rows: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each row, int64 [N]."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @property
    def accuracy(self) -> float:
        """Share of rows whose most probable class is their label; NaN without rows."""
        return float((self.predicted == self.labels).mean()) if len(self.rows) else float("nan")


def gather_held_out(
    head_set: HeadSet,
    validation: Mapping[str, HeldOutAnswers],
    *,
    test_rows: np.ndarray,
    test_labels: np.ndarray,
    test_products: ProductEmbeddings,
) -> HeldOut:
    """Take each row's answer from the head that sees most of it.

    Args:
        head_set: The final heads, which have not seen the test rows.
        validation: Held-out answers by head, about rows of the train and val parts.
        test_rows: Positions of the test rows whose class was learned, int64 [T].
        test_labels: Their class indices, int64 [T].
        test_products: Their embeddings.
    """
    classes = len(head_set.classes)
    blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for name in (name for name in _BY_PREFERENCE if name in validation):
        held = validation[name]
        temperature = fit_temperature(held.log_probabilities, held.labels)
        blocks.append((held.rows, held.labels, apply_temperature(held.log_probabilities, temperature)))
        head = head_set.heads[name]
        able = np.flatnonzero(test_products.having(head.modalities))
        if len(able):
            logs = apply_temperature(head.log_probabilities(test_products.take(able)), temperature)
            blocks.append((test_rows[able], test_labels[able], logs))
    if not blocks:
        return HeldOut(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, classes)))
    rows, labels, logs = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    _, first = np.unique(rows, return_index=True)  # of each row the answer of the preferred head
    probabilities = np.exp(logs[first].astype(np.float64))
    return HeldOut(rows[first], labels[first], probabilities / probabilities.sum(axis=1, keepdims=True))
