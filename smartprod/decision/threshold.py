"""Confidence thresholds that keep a promised accuracy of the accepted answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SHARES = 20


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

    Twenty shares of the rows, most confident first, are each tested against the exact binomial bound of their
    accuracy (Clopper and Pearson, 1934) at a twentieth of the allowed error (Bonferroni), and the largest share
    that passes is accepted. Testing from the strictest threshold down until the first failure needs no such
    correction, but one wrong label among the most confident rows then ends the search: on the demo catalogue,
    whose labels are 2 % wrong, it accepted nothing where this accepts 90 %. Equal confidences are accepted or
    refused together.

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
    sizes = np.linspace(count / _SHARES, count, _SHARES).round().astype(int)
    sizes = np.unique(np.searchsorted(-ranked, -ranked[np.maximum(sizes, 1) - 1], side="right"))  # whole ties
    right = hits[sizes - 1]
    error = (1 - confidence_level) / _SHARES
    bounds = np.where(right > 0, beta.ppf(error, np.maximum(right, 1), sizes - right + 1), 0.0)
    passing = sizes[bounds >= target]
    accepted = int(passing.max(initial=0))
    if accepted == 0:
        return AcceptanceThreshold(
            float(np.nextafter(np.float32(1), np.float32(2))), 0.0, float("nan"), count
        )
    value = float(ranked[accepted - 1])
    kept = confidence >= value
    return AcceptanceThreshold(value, float(kept.mean()), float(correct[kept].mean()), count)
