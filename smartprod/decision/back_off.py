"""The probability from which an unsure answer backs off to an ancestor, for a promised accuracy of such answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.decision.threshold import AcceptanceThreshold

if TYPE_CHECKING:
    from smartprod.decision.hierarchy import Hierarchy

_STARTS = (0.3, 0.8)
_STEPS = 100


def learn_back_off(
    hierarchy: Hierarchy,
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    target: float,
    confidence_level: float,
    otherwise: float,
) -> AcceptanceThreshold:
    """Find the lowest threshold at which the ancestors that are answered reach `target` accuracy.

    An ancestor is right where the true class lies under it, or is it. A lower threshold answers more rows, and
    with deeper ancestors. Thresholds are tested from strict to lax against the exact binomial bound, in two
    sequences from 30 % and 80 % of the rows, as for accepted answers (`learn_threshold`; Angelopoulos et al.,
    Learn then Test, 2021). The threshold of accepted answers does not serve here: it is as strict as the leaves
    need it. With one learned here 97 % of the rows of grocery and of bestbuy got an answer instead of 76 % and 71 %
    (target 95 %), at least as deep, 96 to 97 % of the ancestors right (`benchmarks/back_off.py`).

    That the rows are those which the acceptance threshold, learned from the same rows, left over does no harm: it
    ends where wrong answers begin, so the rows just below it are worse than rows to come.

    Args:
        hierarchy: The tree of the classes.
        probabilities: Of held-out rows whose answers are not accepted, float32 [N, C].
        labels: Their class indices, int64 [N].
        target: Accuracy that answered ancestors have to reach, 0 to 1.
        confidence_level: Chance that the promise holds, 0 to 1.
        otherwise: The threshold where there are too few rows to learn one.

    Returns:
        The threshold; its coverage and accuracy are among these rows.
    """
    from scipy.stats import beta

    count = len(labels)
    best = hierarchy.best_ancestors(probabilities)
    levels = best.totals.shape[1]
    if count == 0 or levels == 0:
        return AcceptanceThreshold(otherwise, 0.0, float("nan"), count)
    error = (1 - confidence_level) / len(_STARTS)
    fewest = _fewest_rows(target, error)
    right = hierarchy.membership[labels[:, None], best.columns] > 0  # [N, L]
    right = np.hstack([right, np.zeros((count, 1), dtype=bool)])
    if count < fewest:
        return _at(otherwise, best.deepest(otherwise), right)
    highest = -np.sort(-best.totals.max(axis=1))
    threshold = float(np.nextafter(np.float32(1), np.float32(2)))
    for share in _STARTS:
        start = highest[min(max(round(share * count), fewest), count) - 1]
        # Below the start also what adds no row: it may answer the same rows with deeper ancestors.
        below = np.sort(best.totals[best.totals <= start])[::-1]
        steps = np.unique(np.linspace(0, len(below) - 1, _STEPS).round().astype(int))
        for value in below[steps].tolist():
            chosen = best.deepest(value)
            answered = int((chosen < levels).sum())  # equal probabilities go together
            hits = int(right[np.arange(count), chosen].sum())
            if hits == 0 or beta.ppf(error, hits, answered - hits + 1) < target:
                break
            threshold = min(threshold, value)
    return _at(threshold, best.deepest(threshold), right)


def _at(threshold: float, chosen: np.ndarray, right: np.ndarray) -> AcceptanceThreshold:
    """What a threshold does on the rows: the level `chosen` by each, int64 [N], and what is `right`, bool [N, L + 1]."""
    answered = chosen < right.shape[1] - 1
    hits = right[np.arange(len(right)), chosen][answered]
    accuracy = float(hits.mean()) if len(hits) else float("nan")
    return AcceptanceThreshold(threshold, float(answered.mean()), accuracy, len(right))


def _fewest_rows(target: float, error: float) -> int:
    """Rows that the bound needs if all of them are right; more than there can be for a target of 1."""
    if target <= 0:
        return 1
    return int(np.ceil(np.log(error) / np.log(target))) if target < 1 else np.iinfo(np.int64).max
