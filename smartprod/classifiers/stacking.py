"""Decision-level fusion: a mean of candidates' probabilities, weighted by how likely it makes the held-out labels.

The weights of highest likelihood (Smyth and Wolpert, 1999) are approached from equal ones by expectation maximisation
(Dempster et al., 1977), and not to the end: on few rows, where many candidates are right about all of them, the
weights then stay nearly equal. `benchmarks/mixtures.py` compares this with other ways of mixing, greedy ensemble selection
among them, on rows kept apart from the choice; docs/decisions.md gives the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = 100
_MAX_MEMBERS = 8
_SMALLEST_WEIGHT = 0.005
_FLOOR = 1e-12


def mix(log_probabilities: np.ndarray | Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Mix the answers of K members.

    Args:
        log_probabilities: float32 [N, C] of each member.
        weights: Non-negative, summing to one, float [K].

    Returns:
        Log-probabilities of the mixture, float32 [N, C].
    """
    mixed = np.zeros(log_probabilities[0].shape, dtype=np.float32)
    member = np.empty_like(mixed)
    for weight, answers in zip(weights, log_probabilities, strict=True):
        np.exp(answers, out=member, casting="same_kind")
        member *= np.float32(weight)
        mixed += member
    np.maximum(mixed, np.float32(_FLOOR), out=mixed)
    return np.asarray(np.log(mixed, out=mixed))


def likelihood_weights(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Choose the weights of a mixture by the likelihood of held-out labels.

    Args:
        log_probabilities: Held-out answers of K candidates, float32 [K, N, C].
        labels: Class indices, int64 [N].

    Returns:
        Weights, summing to one, float64 [K]; eight of them at most are above zero.
    """
    likelihood = np.exp(log_probabilities[:, np.arange(len(labels)), labels].astype(np.float64)) + _FLOOR
    weights = np.full(len(likelihood), 1 / len(likelihood))
    for _ in range(_STEPS):
        joint = weights[:, None] * likelihood  # [K, N]
        weights = (joint / joint.sum(axis=0)).mean(axis=1)
    weights[np.argsort(-weights, kind="stable")[_MAX_MEMBERS:]] = 0.0
    weights[weights < _SMALLEST_WEIGHT * weights.max()] = 0.0
    return np.asarray(weights / weights.sum())
