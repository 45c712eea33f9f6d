"""Confidence thresholds that keep a promised accuracy of the accepted answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

_STARTS = (0.3, 0.8)
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why no threshold keeps a promise.

    Attributes:
        surest_accuracy: Accuracy of the surest rows, the share at which the search starts or the other start, whichever
            is better; NaN without rows.
        rows_needed: About how many held-out rows would let it be kept, if their answers are as good as these; None where
            more rows of this kind would not help, because the surest are not right often enough.
    """

    surest_accuracy: float
    rows_needed: int | None


@dataclass(frozen=True, slots=True)
class AcceptanceThreshold:
    """A threshold and what it did on the rows it was learned from.

    Attributes:
        value: Answers at least this confident are accepted; above 1 where no threshold keeps the promise.
        coverage: Share of rows accepted.
        accuracy: Accuracy of the accepted rows; NaN where none is.
        rows: Rows it was learned from.
        shortfall: Why there is none, where no threshold keeps the promise.
    """

    value: float
    coverage: float
    accuracy: float
    rows: int
    shortfall: Shortfall | None = None

    @property
    def attainable(self) -> bool:
        """Whether any answer can be accepted."""
        return self.value <= 1


def learn_threshold(
    confidence: np.ndarray, correct: np.ndarray, *, target: float, confidence_level: float
) -> AcceptanceThreshold:
    """Find the lowest threshold whose accepted answers reach `target` accuracy with a stated confidence.

    Thresholds are tested one after the other, each against the exact binomial bound of the accuracy above it
    (Clopper and Pearson, 1934), from strict to lax until the first failure: fixed-sequence testing needs no
    correction for the number of thresholds (Angelopoulos et al., Learn then Test, 2021). There are two
    sequences with half of the allowed error each: from the strictest threshold one wrong label would end the
    search, so they start where 30 % and 80 % of the rows are accepted. Equal confidences are accepted or
    refused together.

    The promise assumes that new rows are exchangeable with these: drawn from the same catalogue, and answered by a head
    that has seen neither. Rows that come in groups, such as series of one product, count as fewer than they are. Given the
    confidences, the rows above a threshold are right with different chances; the binomial bound holds for their mean all
    the same (Hoeffding, 1956). `benchmarks/guarantee.py` measures how often the promise is kept.

    In simulations with 100 to 2,000 rows and up to 2 % wrong labels this accepted 41 % of the rows on average, a
    Bonferroni correction over twenty thresholds 28 %, and nothing at all below 105 rows.

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
    error = (1 - confidence_level) / len(_STARTS)
    if count == 0:
        needed = None if target >= 1 else _fewest_rows(target, error)
        return _unattainable(0, Shortfall(float("nan"), needed))
    order = np.argsort(-confidence, kind="stable")
    ranked, hits = confidence[order], np.cumsum(correct[order])
    accepted = 0
    for share in _STARTS:
        start = max(round(share * count), min(_fewest_rows(target, error), count), 1)
        sizes = np.linspace(start, count, _STEPS).round().astype(int)
        sizes = np.unique(np.searchsorted(-ranked, -ranked[sizes - 1], side="right"))  # whole ties
        right = hits[sizes - 1]
        bounds = np.where(right > 0, beta.ppf(error, np.maximum(right, 1), sizes - right + 1), 0.0)
        passed = np.logical_and.accumulate(bounds >= target)
        accepted = max(accepted, int(sizes[passed].max(initial=0)))
    if accepted == 0:
        return _unattainable(count, _shortfall(hits, target, error))
    value = float(ranked[accepted - 1])
    kept = confidence >= value
    return AcceptanceThreshold(value, float(kept.mean()), float(correct[kept].mean()), count)


def _unattainable(count: int, shortfall: Shortfall) -> AcceptanceThreshold:
    above_one = float(np.nextafter(np.float32(1), np.float32(2)))
    return AcceptanceThreshold(above_one, 0.0, float("nan"), count, shortfall)


def _shortfall(hits: np.ndarray, target: float, error: float) -> Shortfall:
    """Find out what is missing at the starts of the search.

    Args:
        hits: Right answers among the surest 1, 2, ... rows, int [N].
        target: Accuracy that was asked for.
        error: Allowed chance that the promise is broken, of each sequence.
    """
    accuracies, needed = [], []
    for share in _STARTS:
        size = max(round(share * len(hits)), 1)
        accuracy = float(hits[size - 1] / size)
        accuracies.append(accuracy)
        accepted = _rows_to_show(accuracy, target, error)
        if accepted is not None:
            needed.append(int(np.ceil(accepted / share)))
    return Shortfall(max(accuracies), min(needed, default=None))


def _rows_to_show(accuracy: float, target: float, error: float) -> int | None:
    """Accepted rows of an accuracy that it takes until the bound reaches the target; None if it never does."""
    from scipy.stats import beta

    if accuracy <= target:
        return None
    sizes = np.unique(np.geomspace(_fewest_rows(target, error), 1e8, 2_000).round())
    right = np.floor(accuracy * sizes)
    reached = np.flatnonzero(beta.ppf(error, np.maximum(right, 1), sizes - right + 1) >= target)
    return int(sizes[reached[0]]) if len(reached) else None


def _fewest_rows(target: float, error: float) -> int:
    """How many rows the bound needs if all of them are right; more than there can be for a target of 1."""
    if target <= 0:
        return 1
    return int(np.ceil(np.log(error) / np.log(target))) if target < 1 else sys.maxsize
