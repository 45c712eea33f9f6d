"""The scores by which candidates are compared, fast enough to be bootstrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Metric = Literal["macro_f1", "accuracy", "log_loss"]


def accuracy(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose most probable class is the label; [N, C] and [N]."""
    return float((log_probabilities.argmax(axis=1) == labels).mean())


def macro_f1(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean F1 over the classes among labels and answers, as scikit-learn defines it; [N, C] and [N]."""
    classes = log_probabilities.shape[1]
    predicted = log_probabilities.argmax(axis=1)
    right = np.bincount(labels[predicted == labels], minlength=classes)
    involved = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    seen = involved > 0
    return float((2 * right[seen] / involved[seen]).mean())


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
