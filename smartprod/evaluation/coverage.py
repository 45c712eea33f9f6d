"""How accurate are the answers that are kept, when only the surest are kept?"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

ACCURACY_TARGETS = (0.90, 0.95, 0.98, 0.99)


@dataclass(frozen=True, slots=True, eq=False)
class CoverageCurve:
    """Accuracy against coverage, one point per distinct confidence, coverage rising.

    Rows of equal confidence cannot be told apart by a threshold and enter together.

    Attributes:
        coverage: Share of rows kept, float64 [P].
        accuracy: Accuracy of the rows kept, float64 [P].
        threshold: Smallest confidence kept, float64 [P], falling.
        aurc: Area under the risk-coverage curve (Geifman and El-Yaniv, 2017): the mean error rate of the kept
            rows over all coverages; 0 is best. NaN without rows.
        e_aurc: What of it is due to the order of the confidences (Geifman, Uziel and El-Yaniv, 2019): the area above that
            of a perfect order, in which every right answer is surer than every wrong one. NaN without rows.
    """

    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    threshold: NDArray[np.float64]
    aurc: float
    e_aurc: float

    def coverage_at(self, accuracy: float) -> float:
        """The largest share of rows that can be kept at this accuracy or better, in hindsight; 0 if none."""
        good = np.flatnonzero(self.accuracy >= accuracy - 1e-12)
        return float(self.coverage[good[-1]]) if len(good) else 0.0

    def at_threshold(self, threshold: float) -> tuple[float, float]:
        """Coverage and accuracy of the rows with at least this confidence; (0, NaN) if none."""
        kept = np.flatnonzero(self.threshold >= threshold)
        if len(kept) == 0:
            return 0.0, nan
        return float(self.coverage[kept[-1]]), float(self.accuracy[kept[-1]])


def coverage_curve(confidence: NDArray[np.float32], correct: NDArray[np.bool_]) -> CoverageCurve:
    """Build the curve of accuracy against coverage.

    Args:
        confidence: Confidence of each answer, float [N].
        correct: Whether the answer is right, bool [N].
    """
    count = len(confidence)
    if count == 0:
        none = np.zeros(0)
        return CoverageCurve(none, none, none, nan, nan)
    order = np.argsort(-np.asarray(confidence, dtype=np.float64), kind="stable")
    ranked = np.asarray(confidence, dtype=np.float64)[order]
    right = np.cumsum(np.asarray(correct, dtype=np.float64)[order])
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # last row of each distinct confidence
    kept = ends + 1.0
    accuracy = right[ends] / kept
    rows_per_point = np.diff(np.concatenate([[0.0], kept]))
    aurc = float(((1.0 - accuracy) * rows_per_point).sum() / count)
    return CoverageCurve(kept / count, accuracy, ranked[ends], aurc, aurc - _best_area(count, int(right[-1])))


def _best_area(count: int, right: int) -> float:
    """Area under the risk-coverage curve where all right answers come first."""
    kept = np.arange(1, count + 1)
    return float((np.maximum(kept - right, 0) / kept).mean())
