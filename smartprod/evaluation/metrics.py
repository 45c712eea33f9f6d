"""Scores of one head on one part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.reliability import expected_calibration_error

TOP_K = 5
INTERVAL_Z = 1.96
"""Standard-normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class HeadMetrics:
    """Scores of one head; NaN where there are no rows.

    Attributes:
        rows: Rows with a learned true class that the head answered.
        accuracy: Share of rows whose most probable class is the true one.
        accuracy_low, accuracy_high: 95 % Wilson interval of the accuracy.
        top5: Share of rows whose true class is among the five most probable; 1 if there are at most five.
        macro_f1: Mean F1 over the classes present among labels or predictions, as scikit-learn does.
        weighted_f1: The same mean, weighted by the rows of each class.
        log_loss: Mean negative natural logarithm of the probability of the true class.
        ece: Expected calibration error over 15 equal-width bins of confidence (Guo et al., 2017).
        mean_confidence: Mean probability of the most probable class.
    """

    rows: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    top5: float
    macro_f1: float
    weighted_f1: float
    log_loss: float
    ece: float
    mean_confidence: float

    def as_dict(self) -> dict[str, float | int | None]:
        """The scores under their names, with None for NaN, as JSON has no NaN."""
        return {name: none_for_nan(value) for name, value in asdict(self).items()}


def head_metrics(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> HeadMetrics:
    """Score calibrated probabilities against the true classes.

    Args:
        labels: True class index, int [N], each from 0 to C - 1.
        probabilities: Probabilities, float [N, C].
    """
    count = len(labels)
    if count == 0:
        return HeadMetrics(0, nan, nan, nan, nan, nan, nan, nan, nan, nan)
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    correct = predicted == labels
    low, high = wilson_interval(int(correct.sum()), count)
    return HeadMetrics(
        rows=count,
        accuracy=float(correct.mean()),
        accuracy_low=low,
        accuracy_high=high,
        top5=top_k_accuracy(labels, probabilities, k=TOP_K),
        macro_f1=f1(labels, predicted, average="macro"),
        weighted_f1=f1(labels, predicted, average="weighted"),
        log_loss=log_loss(labels, probabilities),
        ece=expected_calibration_error(confidence, correct),
        mean_confidence=float(confidence.mean()),
    )


def f1(labels: NDArray[np.int64], predicted: NDArray[np.int64], *, average: str) -> float:
    """F1 averaged over the classes present among labels or predictions; NaN without rows."""
    from sklearn.metrics import f1_score

    if len(labels) == 0:
        return nan
    return float(f1_score(labels, predicted, average=average, zero_division=0))


def top_k_accuracy(labels: NDArray[np.int64], probabilities: NDArray[np.float32], *, k: int) -> float:
    """Share of rows whose true class is among the `k` most probable; any number of classes, NaN without rows.

    Of equal probabilities the lower class index counts as the more probable one, as argmax has it, so that
    top-1 is the accuracy.
    """
    if len(labels) == 0:
        return nan
    of_true = probabilities[np.arange(len(labels)), labels][:, None]  # [N, 1]
    above = (probabilities > of_true).sum(axis=1)
    lower_index = np.arange(probabilities.shape[1])[None, :] < labels[:, None]
    tied_before = ((probabilities == of_true) & lower_index).sum(axis=1)
    return float((above + tied_before < k).mean())


def log_loss(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    """Mean negative log-probability of the true class; works for one class, which scikit-learn's does not."""
    if len(labels) == 0:
        return nan
    smallest = np.finfo(probabilities.dtype).eps
    of_true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_true, smallest, 1.0)).mean())


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); (NaN, NaN) for no trials."""
    if count == 0:
        return nan, nan
    share, z2 = successes / count, INTERVAL_Z**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = INTERVAL_Z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def none_for_nan(value: float) -> float | None:
    """NaN as None, anything else as it is."""
    return None if isinstance(value, float) and isnan(value) else value
