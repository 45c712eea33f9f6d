"""Confidence thresholds that keep a promised accuracy of the accepted answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

_STEPS = 100
_FIRST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class AcceptanceThreshold:
    """A threshold and what it did on the rows it was learned from.

    Attributes:
        value: Answers at least this confident are accepted; above 1 where no threshold keeps the promise.
        coverage: Share of rows accepted.
        accuracy: Accuracy of the accepted rows; NaN where none is.
        rows: Rows it was learned from.
    """

    value: float
    coverage: float
    accuracy: float
    rows: int

    @property
    def attainable(self) -> bool:
        """Whether any answer can be accepted."""
        return self.value <= 1


def learn_threshold(
    confidence: np.ndarray, correct: np.ndarray, *, target: float, confidence_level: float
) -> AcceptanceThreshold:
    """Find the lowest threshold whose accepted answers reach `target` accuracy with a stated confidence.

    Thresholds are tested from the strictest down, each against the exact binomial bound (Clopper and Pearson,
    1934) of the accuracy above it, and testing stops at the first failure; fixed-sequence testing needs no
    correction for the number of thresholds (Angelopoulos et al., Learn then Test, 2021). The strictest one
    accepts a fifth of the rows where that is more than the bound needs: of as few as it needs, every one would
    have to be right, and one wrong label among them would end the search (simulated: 3,000 rows, 96 % right,
    a target of 95 %: 17 % accepted on average, with a fifth 99 %). Equal confidences are accepted or refused
    together.

    Args:
        confidence: Of held-out answers, float [N].
        correct: Whether each was right, bool [N].
        target: Accuracy that accepted answers have to reach, 0 to 1.
        confidence_level: Chance that the promise holds, 0 to 1.

    Returns:
        The threshold with its coverage and accuracy on these rows.
    """
    from scipy.stats import beta

    count = len(confidence)
    if count == 0:
        return AcceptanceThreshold(float(np.nextafter(np.float32(1), np.float32(2))), 0.0, float("nan"), 0)
    order = np.argsort(-confidence, kind="stable")
    ranked, hits = confidence[order], np.cumsum(correct[order])
    smallest = min(max(_fewest_rows(target, confidence_level), int(_FIRST_SHARE * count)), count)
    sizes = np.linspace(smallest, count, _STEPS).round().astype(int)
    sizes = np.unique(np.searchsorted(-ranked, -ranked[sizes - 1], side="right"))  # whole ties
    accepted = 0
    for size in sizes:
        right = int(hits[size - 1])
        bound = float(beta.ppf(1 - confidence_level, right, size - right + 1)) if right else 0.0
        if bound < target:
            break
        accepted = int(size)
    if accepted == 0:
        return AcceptanceThreshold(
            float(np.nextafter(np.float32(1), np.float32(2))), 0.0, float("nan"), count
        )
    value = float(ranked[accepted - 1])
    kept = confidence >= value
    return AcceptanceThreshold(value, float(kept.mean()), float(correct[kept].mean()), count)


def _fewest_rows(target: float, confidence_level: float) -> int:
    """How many rows the bound needs if all of them are right; more than there can be for a target of 1."""
    if target <= 0:
        return 1
    return int(np.ceil(np.log(1 - confidence_level) / np.log(target))) if target < 1 else sys.maxsize
