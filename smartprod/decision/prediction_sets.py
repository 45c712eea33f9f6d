"""Conformal prediction sets: "one of these three", with the true class among them as often as was promised."""

from __future__ import annotations

import math

import numpy as np

EVERY_CLASS = 0.0
"""The threshold that leaves no class out."""


def learn_set_threshold(probabilities: np.ndarray, labels: np.ndarray, *, coverage: float) -> float:
    """Find the probability from which a class belongs to the set of a product.

    Split conformal prediction with the least ambiguous sets (LAC; Sadinle, Lei and Wasserman, 2019): with n held-out rows
    the threshold is the probability of the true class at rank ceil((n + 1) coverage), the largest first. For rows that
    are exchangeable with these, the true class is then in the set with at least the stated chance, on average over
    products; that a set of a certain size or class is right as often is not promised. On five sets the sets of APS
    (Romano, Sesia and Candes, 2020) and RAPS (Angelopoulos et al., 2021) were larger.

    Args:
        probabilities: Of held-out rows, float32 [N, C].
        labels: Their class indices, int64 [N].
        coverage: Chance that the true class is in the set, 0 to 1.

    Returns:
        The threshold; `EVERY_CLASS` where the rows are too few to promise anything less.
    """
    count = len(labels)
    rank = math.ceil((count + 1) * coverage)
    if rank > count:
        return EVERY_CLASS
    own = np.sort(probabilities[np.arange(count), labels])[::-1]
    return float(own[max(rank, 1) - 1])


def prediction_sets(probabilities: np.ndarray, least: float) -> np.ndarray:
    """Find the classes that belong to the set of each product; the most probable one always does.

    Args:
        probabilities: float32 [N, C]; rows of NaN, which nobody answered, have an empty set.
        least: What `learn_set_threshold` found.

    Returns:
        Which classes are in the set, bool [N, C].
    """
    sets = np.asarray(probabilities >= np.float32(least))
    answered = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    sets[answered, probabilities[answered].argmax(axis=1)] = True
    return sets
