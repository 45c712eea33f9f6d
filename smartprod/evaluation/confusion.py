"""Which classes are taken for each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import HeadPredictions

MATRIX_CLASSES = 40
"""Up to this many classes the whole matrix is shown."""

MATRIX_CONFUSED = 30
"""Of more classes, the most confused ones."""


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Two classes that are taken for each other.

    Attributes:
        first, second: Class indices; `first` is the one that is mistaken more often.
        first_as_second, second_as_first: Positions in the head's arrays of the rows of one class answered as the
            other, most confident first.
        first_rows, second_rows: Rows of each class.
    """

    first: int
    second: int
    first_as_second: tuple[int, ...]
    second_as_first: tuple[int, ...]
    first_rows: int
    second_rows: int

    @property
    def count(self) -> int:
        """Mistakes in both directions."""
        return len(self.first_as_second) + len(self.second_as_first)


def confused_pairs(head: HeadPredictions, *, limit: int) -> list[ConfusedPair]:
    """Find the unordered pairs of classes with the most mistakes between them.

    Args:
        head: Predictions whose labels are all learned classes.
        limit: Pairs to return at most.

    Returns:
        Most mistakes first; of equal counts, the pair with the larger share of its rows mistaken.
    """
    predicted, confidence = head.predicted, head.confidence
    wrong = np.flatnonzero(predicted != head.labels)
    classes = head.probabilities.shape[1]
    rows_of = np.bincount(head.labels, minlength=classes)
    by_pair: dict[tuple[int, int], list[int]] = {}
    for position in wrong[np.argsort(-confidence[wrong], kind="stable")]:
        true, answer = int(head.labels[position]), int(predicted[position])
        by_pair.setdefault((min(true, answer), max(true, answer)), []).append(int(position))
    pairs = [_pair(head.labels, low, high, positions, rows_of) for (low, high), positions in by_pair.items()]
    pairs.sort(key=lambda pair: (-pair.count, pair.first_rows + pair.second_rows, pair.first, pair.second))
    return pairs[:limit]


def _pair(
    labels: NDArray[np.int64], low: int, high: int, positions: list[int], rows_of: NDArray[np.int64]
) -> ConfusedPair:
    low_as_high = tuple(position for position in positions if labels[position] == low)
    high_as_low = tuple(position for position in positions if labels[position] == high)
    if len(high_as_low) > len(low_as_high):
        low, high, low_as_high, high_as_low = high, low, high_as_low, low_as_high
    return ConfusedPair(low, high, low_as_high, high_as_low, int(rows_of[low]), int(rows_of[high]))


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """Counts of true against answered class for the classes worth showing.

    Attributes:
        classes: Class indices in the order shown.
        counts: int64 [K, K], true class by line, answered class by column.
        complete: Whether every class that occurs is shown.
    """

    classes: tuple[int, ...]
    counts: NDArray[np.int64]
    complete: bool


def confusion_matrix(head: HeadPredictions) -> ConfusionMatrix:
    """Count true against answered class: all occurring classes if few, else the most confused ones.

    Args:
        head: Predictions whose labels are all learned classes.
    """
    labels, predicted = head.labels, head.predicted
    occurring = np.union1d(labels, predicted)
    shown = occurring
    if len(occurring) > MATRIX_CLASSES:
        wrong = labels != predicted
        size = head.probabilities.shape[1]
        mistakes = np.bincount(labels[wrong], minlength=size) + np.bincount(predicted[wrong], minlength=size)
        shown = np.sort(np.argsort(-mistakes, kind="stable")[:MATRIX_CONFUSED])
    place = {int(index): position for position, index in enumerate(shown)}
    counts = np.zeros((len(shown), len(shown)), dtype=np.int64)
    for true, answer in zip(labels.tolist(), predicted.tolist(), strict=True):
        if true in place and answer in place:
            counts[place[true], place[answer]] += 1
    return ConfusionMatrix(tuple(place), counts, complete=len(shown) == len(occurring))
