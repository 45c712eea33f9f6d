"""Confidence thresholds that keep a promised accuracy of the accepted answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEPS = 100


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
    correction for the number of thresholds (Angelopoulos et al., Learn then Test, 2021).

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
    # The first candidate accepts as many rows as the bound needs if all of them are right.
    smallest = (
        1
        if target <= 0
        else int(np.ceil(np.log(1 - confidence_level) / np.log(target)))
        if target < 1
        else count
    )
    sizes = np.unique(np.linspace(min(smallest, count), count, _STEPS).round().astype(int))
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
