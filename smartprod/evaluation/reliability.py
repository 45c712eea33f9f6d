"""Does a confidence of 80 % mean right in 80 of 100 cases?"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Equal-width bins of confidence, the number and kind of Guo et al., "On Calibration of Modern Neural Networks", 2017."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The rows whose confidence lies in one bin.

    Attributes:
        low, high: Limits of the bin; `low` excluded, `high` included.
        rows: Rows in the bin.
        confidence: Their mean confidence.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


def reliability_bins(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], *, bins: int = BINS
) -> list[ReliabilityBin]:
    """Group rows by confidence into equal-width bins; empty bins are left out.

    Args:
        confidence: Probability of the answer, float [N], 0 to 1.
        correct: Whether the answer is right, bool [N].
        bins: Number of bins from 0 to 1.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(
        np.ceil(np.asarray(confidence, dtype=np.float64) * bins).astype(np.int64) - 1, 0, bins - 1
    )
    rows = np.bincount(place, minlength=bins)
    confidence_sum = np.bincount(place, weights=confidence, minlength=bins)
    correct_sum = np.bincount(place, weights=correct, minlength=bins)
    return [
        ReliabilityBin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            rows=int(rows[number]),
            confidence=float(confidence_sum[number] / rows[number]),
            accuracy=float(correct_sum[number] / rows[number]),
        )
        for number in np.flatnonzero(rows)
    ]


def expected_calibration_error(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], *, bins: int = BINS
) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by rows; NaN without rows."""
    if len(confidence) == 0:
        return nan
    total = sum(
        entry.rows * abs(entry.accuracy - entry.confidence)
        for entry in reliability_bins(confidence, correct, bins=bins)
    )
    return float(total / len(confidence))
