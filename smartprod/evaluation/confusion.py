"""Which classes are taken for each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import HeadPredictions
from smartprod.evaluation.hierarchy import common_depth


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
    """The non-empty cells of the matrix of true against answered class, classes that are confused beside each other.

    Attributes:
        classes: Class indices in the order shown, length K.
        rows: Rows of each class in that order, int64 [K].
        true, answered: Position of each cell in that order, int64 [M].
        counts: Rows in each cell, int64 [M].
    """

    classes: tuple[int, ...]
    rows: NDArray[np.int64]
    true: NDArray[np.int64]
    answered: NDArray[np.int64]
    counts: NDArray[np.int64]


def confusion_matrix(head: HeadPredictions, classes: tuple[str, ...], *, separator: str) -> ConfusionMatrix:
    """Count true against answered class for all classes that occur.

    Args:
        head: Predictions whose labels are all learned classes.
        classes: Class paths, length C.
        separator: What separates the levels of a path.
    """
    cells, counts = np.unique(np.stack([head.labels, head.predicted]), axis=1, return_counts=True)
    occurring = np.unique(cells)
    cells = np.searchsorted(occurring, cells)
    order = _clustered_order(
        cells, counts, [tuple(classes[index].split(separator)) for index in occurring.tolist()]
    )
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    shown = occurring[order]
    return ConfusionMatrix(
        classes=tuple(shown.tolist()),
        rows=np.bincount(head.labels, minlength=len(classes))[shown],
        true=place[cells[0]],
        answered=place[cells[1]],
        counts=counts,
    )


def _clustered_order(
    cells: NDArray[np.int64], counts: NDArray[np.int64], paths: list[tuple[str, ...]]
) -> NDArray[np.int64]:
    """Order classes by clustering: those confused with each other first, then those near in the category tree.

    Args:
        cells: True and answered position of each cell, int64 [2, M].
        counts: Rows in each cell, int64 [M].
        paths: Category path of each class, length K.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    size = len(paths)
    if size < 3:
        return np.arange(size)
    shares = np.zeros((size, size))
    shares[cells[0], cells[1]] = counts
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
    alike = (shares + shares.T) / 2
    near = np.asarray(
        [[common_depth(one, other) / max(len(one), len(other)) for other in paths] for one in paths]
    )
    distance = 1.0 - 0.6 * np.minimum(alike, 1) ** 0.5 - 0.3 * near
    np.fill_diagonal(distance, 0)
    return np.asarray(leaves_list(linkage(squareform(distance, checks=False), method="average")))
