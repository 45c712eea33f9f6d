"""Isotonic scaling: one rising curve for the probabilities of all classes makes confidences mean what they say."""

from __future__ import annotations

import numpy as np

_IDENTITY = 0.01
_FLOOR = 1e-12


def apply_isotonic_scaling(
    log_probabilities: np.ndarray, knots: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Bend the probabilities [N, C] by a curve and normalise again: log-probabilities, float32 [N, C]."""
    probabilities = np.exp(log_probabilities.astype(np.float64))
    bent = (1 - _IDENTITY) * np.interp(probabilities, knots, values) + _IDENTITY * probabilities
    bent = np.maximum(bent, _FLOOR)
    return np.asarray(np.log(bent / bent.sum(axis=1, keepdims=True)), dtype=np.float32)


def fit_isotonic_scaling(log_probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the curve on held-out rows.

    Isotonic regression of "is it this class?" on the probability of the class (one against the rest, Zadrozny and Elkan,
    2002), pooled over the classes: most of them have too few rows for a curve of their own, and one rising curve never
    changes which class is the most probable (Zhang et al., Mix-n-Match, 2020). A hundredth of the probability itself is
    mixed in, so that the curve rises everywhere and no class becomes impossible.

    Args:
        log_probabilities: float32 [N, C], predicted by a model that has not seen the rows.
        labels: Class indices, int64 [N].

    Returns:
        Knots, rising from 0 to 1, and the curve's values there, float64 [K] each; the identity without rows.
    """
    if len(labels) == 0:
        return np.asarray([0.0, 1.0]), np.asarray([0.0, 1.0])
    from sklearn.isotonic import IsotonicRegression

    probabilities = np.exp(log_probabilities.astype(np.float64))
    truth = np.zeros(probabilities.shape)
    truth[np.arange(len(labels)), labels] = 1
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(probabilities.ravel(), truth.ravel())
    return _within_unit(curve.X_thresholds_, curve.y_thresholds_)


def _within_unit(knots: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The curve with ends at exactly 0 and 1."""
    inner = (knots > 0) & (knots < 1)
    return (
        np.concatenate([[0.0], knots[inner], [1.0]]),
        np.concatenate([values[:1], values[inner], values[-1:]]),
    )
