"""The scores by which candidates are compared, and how far they can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Metric = Literal["macro_f1", "accuracy", "log_loss"]
_RESAMPLES = 100


def accuracy(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose most probable class is the label; [N, C] and [N]."""
    return float((log_probabilities.argmax(axis=1) == labels).mean())


def macro_f1(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean F1 over the classes among labels and answers, as scikit-learn defines it; [N, C] and [N]."""
    return _macro_f1_of(log_probabilities.argmax(axis=1), labels, log_probabilities.shape[1])


def log_loss(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-probability of the label; [N, C] and [N]."""
    return -float(log_probabilities[np.arange(len(labels)), labels].mean())


def goodness(metric: Metric) -> Callable[[np.ndarray, np.ndarray], float]:
    """The score of a metric with its sign turned so that higher is better."""
    if metric == "macro_f1":
        return macro_f1
    if metric == "accuracy":
        return accuracy
    return lambda log_probabilities, labels: -log_loss(log_probabilities, labels)


def standard_error(metric: Metric, log_probabilities: np.ndarray, labels: np.ndarray, *, seed: int) -> float:
    """Standard error of a score on held-out rows: that of a mean, or over bootstrap samples (Efron, 1979) of the rows.

    Args:
        metric: The score.
        log_probabilities: Held-out answers, float32 [N, C].
        labels: Class indices, int64 [N].
        seed: Seed of the samples.
    """
    predicted = log_probabilities.argmax(axis=1)
    count, classes = log_probabilities.shape
    if metric == "accuracy":
        return float(np.std(predicted == labels) / np.sqrt(count))
    if metric == "log_loss":
        return float(np.std(log_probabilities[np.arange(count), labels]) / np.sqrt(count))
    rng = np.random.default_rng(seed)
    samples = (rng.integers(0, count, count) for _ in range(_RESAMPLES))
    return float(np.std([_macro_f1_of(predicted[rows], labels[rows], classes) for rows in samples]))


def difference_error(
    metric: Metric, first: np.ndarray, second: np.ndarray, labels: np.ndarray, *, seed: int
) -> float:
    """Standard error of the difference of two heads' scores on the same rows, paired.

    Args:
        metric: The score.
        first: Held-out answers of one head, float32 [N, C].
        second: Those of the other, float32 [N, C].
        labels: Class indices, int64 [N].
        seed: Seed of the bootstrap samples, which macro-F1 needs.
    """
    count, classes = first.shape
    rows = np.arange(count)
    if metric == "log_loss":
        return float(np.std(first[rows, labels] - second[rows, labels]) / np.sqrt(count))
    one, other = first.argmax(axis=1), second.argmax(axis=1)
    if metric == "accuracy":
        return float(np.std((one == labels).astype(float) - (other == labels)) / np.sqrt(count))
    rng = np.random.default_rng(seed)
    samples = (rng.integers(0, count, count) for _ in range(_RESAMPLES))
    return float(
        np.std(
            [
                _macro_f1_of(one[drawn], labels[drawn], classes)
                - _macro_f1_of(other[drawn], labels[drawn], classes)
                for drawn in samples
            ]
        )
    )


def _macro_f1_of(predicted: np.ndarray, labels: np.ndarray, classes: int) -> float:
    right = np.bincount(labels[predicted == labels], minlength=classes)
    involved = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    seen = involved > 0
    return float((2 * right[seen] / involved[seen]).mean())
