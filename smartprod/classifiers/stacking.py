"""Decision-level fusion: a weighted mixture of the candidates' probabilities."""

from __future__ import annotations

import numpy as np

_ITERATIONS = 300
_SMALLEST_WEIGHT = 0.03


def mix(log_probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mix the answers of K members.

    Args:
        log_probabilities: float32 [K, N, C].
        weights: Non-negative, summing to one, float [K].

    Returns:
        Log-probabilities of the mixture, float32 [N, C].
    """
    probabilities = np.einsum("k,knc->nc", weights.astype(np.float32), np.exp(log_probabilities))
    return np.log(np.maximum(probabilities, 1e-12)).astype(np.float32)


def fit_mixture_weights(true_class: np.ndarray, row_weights: np.ndarray) -> np.ndarray:
    """Find the mixture weights of highest likelihood by expectation maximisation (Dempster et al., 1977).

    The problem is convex, so there is nothing to seed or to tune. Members below 3 % are dropped, since each
    costs time whenever the model is used.

    Args:
        true_class: Held-out probability that each member gave to the true class, float [K, N].
        row_weights: Weight of each row, float [N].

    Returns:
        Weights, float64 [K], summing to one.
    """
    likelihood = np.maximum(true_class.astype(np.float64), 1e-12)
    weights = _expectation_maximization(likelihood, row_weights)
    kept = weights >= min(_SMALLEST_WEIGHT, weights.max())
    weights = np.zeros_like(weights)
    weights[kept] = _expectation_maximization(likelihood[kept], row_weights)
    return weights


def _expectation_maximization(likelihood: np.ndarray, row_weights: np.ndarray) -> np.ndarray:
    weights = np.full(len(likelihood), 1 / len(likelihood))
    share = row_weights / row_weights.sum()
    for _ in range(_ITERATIONS):
        joint = weights[:, None] * likelihood
        updated = (joint / joint.sum(axis=0)) @ share
        done = np.abs(updated - weights).max() < 1e-6
        weights = updated
        if done:
            break
    return weights
