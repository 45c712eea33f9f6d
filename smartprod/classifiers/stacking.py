"""Decision-level fusion: the mean of the probabilities of all candidates that cannot be told from the best.

On rows kept apart from the choice it has a lower log-loss than the best candidate on every set, and no weights to
learn; `benchmarks/mixtures.py` compares it with learned weights, and docs/decisions.md gives the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_RESAMPLES = 100
_STANDARD_ERRORS = 1.5
_MAX_MEMBERS = 8


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


def standard_error(
    score: Callable[[np.ndarray, np.ndarray], float],
    log_probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int,
) -> float:
    """Standard error of a score over bootstrap samples of the rows (Efron, 1979).

    Args:
        score: Of log-probabilities [N, C] and labels [N].
        log_probabilities: Held-out answers, float32 [N, C].
        labels: Class indices, int64 [N].
        seed: Seed of the samples.
    """
    rng = np.random.default_rng(seed)
    samples = (rng.integers(0, len(labels), len(labels)) for _ in range(_RESAMPLES))
    return float(np.std([score(log_probabilities[rows], labels[rows]) for rows in samples]))


def choose_members(scores: Sequence[float], error: float) -> list[int]:
    """The candidates within 1.5 standard errors of the best, the best 8 of them at most, best first."""
    ranked = sorted(range(len(scores)), key=lambda number: (-scores[number], number))
    near = [number for number in ranked if scores[number] >= scores[ranked[0]] - _STANDARD_ERRORS * error]
    return near[:_MAX_MEMBERS]
