"""Temperature scaling (Guo et al., 2017): one number that makes confidences mean what they say."""

from __future__ import annotations

import numpy as np

from smartprod.classifiers.base import log_softmax

_BOUNDS = (0.05, 20.0)


def apply_temperature(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide log-probabilities [N, C] by `temperature` and normalise again, float32 [N, C]."""
    return log_softmax(log_probabilities / np.float32(temperature))


def fit_temperature(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Find the temperature with the lowest log-loss on held-out rows.

    Args:
        log_probabilities: float32 [N, C], predicted by a model that has not seen the rows.
        labels: Class indices, int64 [N].

    Returns:
        The temperature, between 0.05 and 20; 1 without rows.
    """
    if len(labels) == 0:
        return 1.0
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def log_loss(log_temperature: float) -> float:
        scaled = apply_temperature(log_probabilities, float(np.exp(log_temperature)))
        return -float(scaled[rows, labels].mean())

    low, high = np.log(_BOUNDS)
    return float(np.exp(minimize_scalar(log_loss, bounds=(low, high), method="bounded").x))
