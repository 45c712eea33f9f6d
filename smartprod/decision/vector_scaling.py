"""Vector scaling (Guo et al., 2017): a weight and a bias per class make confidences mean what they say."""

from __future__ import annotations

import numpy as np

from smartprod.classifiers import apply_temperature, fit_temperature

_ITERATIONS = 200
_ROWS = 20_000
"""As many rows settle two numbers per class; more only take time."""


def apply_vector_scaling(
    log_probabilities: np.ndarray, weights: np.ndarray, biases: np.ndarray
) -> np.ndarray:
    """Weigh log-probabilities [N, C] by class, shift them, and normalise again, float32 [N, C]."""
    return apply_temperature(log_probabilities * weights + biases, 1.0)


def fit_vector_scaling(
    log_probabilities: np.ndarray, labels: np.ndarray, *, prior_deviation: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Find the weights and biases with the lowest penalised log-loss on held-out rows.

    There are two numbers per class, and few rows of most classes. Both are therefore drawn to temperature scaling by a
    normal prior, as Kull et al. (2019) do for Dirichlet calibration; without it a small class gets any bias.

    Args:
        log_probabilities: float32 [N, C], predicted by a model that has not seen the rows.
        labels: Class indices, int64 [N].
        prior_deviation: Standard deviation of the prior of each bias, and of each weight as a share of the one that
            temperature scaling would give.

    Returns:
        Weights and biases, float32 [C] each.
    """
    classes = log_probabilities.shape[1]
    base = 1.0 / fit_temperature(log_probabilities, labels)
    if len(labels) == 0:
        return np.full(classes, base, dtype=np.float32), np.zeros(classes, dtype=np.float32)
    from scipy.optimize import minimize

    step = -(-len(labels) // _ROWS)
    labels, logs = labels[::step], log_probabilities[::step].astype(np.float64)
    rows = np.arange(len(labels))

    def penalised(flat: np.ndarray) -> tuple[float, np.ndarray]:
        shares, biases = flat[:classes], flat[classes:]
        scaled = logs * (base * shares) + biases
        scaled -= scaled.max(axis=1, keepdims=True)
        probabilities = np.exp(scaled)
        total = probabilities.sum(axis=1, keepdims=True)
        loss = float((np.log(total[:, 0]) - scaled[rows, labels]).sum())
        probabilities /= total
        probabilities[rows, labels] -= 1  # the gradient by the scaled logits
        prior = np.concatenate([shares - 1, biases]) / prior_deviation**2
        gradient = np.concatenate([base * (probabilities * logs).sum(axis=0), probabilities.sum(axis=0)])
        return loss + 0.5 * float(((flat - start) ** 2).sum()) / prior_deviation**2, gradient + prior

    start = np.concatenate([np.ones(classes), np.zeros(classes)])
    found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}).x
    return (base * found[:classes]).astype(np.float32), found[classes:].astype(np.float32)
