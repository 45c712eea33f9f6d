"""From which probability a label is given: a threshold per label that makes its F1 highest on held-out answers.

A threshold learned from a few rows is mostly luck, so it is drawn towards the one threshold that serves all labels
best, the more the fewer rows have the label; how much, is chosen by cross-fitting. Choosing thresholds for the
expected F1 on held-out answers: Lipton, Elkan and Narayanaswamy (2014); shrinking them for rare labels is in the
spirit of the SCut-FBR of Yang (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR_ROWS: tuple[float, ...] = (0.0, 3.0, 10.0, 30.0, 100.0, float("inf"))
"""Rows with a label that the common threshold counts for: 0 trusts each label's own, infinity the common one."""

_NOISE = 0.002
"""By so much the mean F1 of one prior varies with the folds (0.002 to 0.004 on two sets of 800 rows)."""

_FLOOR = 1e-4
_COMMON_GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True, slots=True, eq=False)
class LearnedThresholds:
    """Thresholds of one head.

    Attributes:
        values: From which probability each label is given, float32 [K].
        common: The one threshold that serves all labels best.
        prior_rows: How far they were drawn towards it (see `PRIOR_ROWS`).
        macro_f1: Cross-fitted mean F1 over labels on the held-out answers: of thresholds learned without the rows that
            they are applied to.
        at_half: The same at a threshold of 0.5 for every label.
    """

    values: np.ndarray
    common: float
    prior_rows: float
    macro_f1: float
    at_half: float


def learn_thresholds(
    probabilities: np.ndarray, targets: np.ndarray, folds: np.ndarray, *, counted: np.ndarray | None = None
) -> LearnedThresholds:
    """Learn a threshold per label.

    Args:
        probabilities: Held-out answers, consistent up the tree, float32 [M, K].
        targets: Which labels the rows have, bool [M, K].
        folds: A number for each row, int64 [M]; rows with one number are learned from or applied to together.
        counted: Which labels count in the mean F1, bool [K]; None: all. The others get thresholds as well.
    """
    counted = np.ones(targets.shape[1], dtype=bool) if counted is None else counted
    scores = {
        rows: macro_f1(targets[:, counted], given[:, counted])
        for rows, given in _cross_fitted(probabilities, targets, folds)
    }
    # Of those that do about as well the strongest prior is the safest.
    highest = np.nanmax([*scores.values(), 0.0])
    best = max(rows for rows in PRIOR_ROWS if not scores[rows] < highest - _NOISE)
    own, common = _own_and_common(probabilities, targets)
    return LearnedThresholds(
        _drawn(own, common, targets.sum(axis=0), best),
        common,
        best,
        scores[best],
        macro_f1(targets[:, counted], probabilities[:, counted] >= 0.5),
    )


def macro_f1(targets: np.ndarray, given: np.ndarray) -> float:
    """Mean F1 over the labels that any row has; NaN where none has."""
    rows = targets.sum(axis=0)
    if not rows.any():
        return float("nan")
    hits = (targets & given).sum(axis=0)
    f1 = 2 * hits / np.maximum(rows + given.sum(axis=0), 1)
    return float(f1[rows > 0].mean())


def _cross_fitted(
    probabilities: np.ndarray, targets: np.ndarray, folds: np.ndarray
) -> list[tuple[float, np.ndarray]]:
    """For each prior, what is given to each row by thresholds that were learned without its fold, bool [M, K]."""
    given = {rows: np.zeros(targets.shape, dtype=bool) for rows in PRIOR_ROWS}
    numbers = _at_least_two(folds)
    for number in np.unique(numbers):
        held = numbers == number
        own, common = _own_and_common(probabilities[~held], targets[~held])
        counts = targets[~held].sum(axis=0)
        for rows in PRIOR_ROWS:
            given[rows][held] = probabilities[held] >= _drawn(own, common, counts, rows)
    return list(given.items())


def _at_least_two(folds: np.ndarray) -> np.ndarray:
    """The folds; where there is one only, every other row is another."""
    return folds if len(np.unique(folds)) > 1 else np.arange(len(folds)) % 2


def _own_and_common(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, float]:
    """The best threshold of each label, NaN where no row has it, and the best one for all."""
    rows, labels = targets.shape
    counts = targets.sum(axis=0)
    order = np.argsort(-probabilities, axis=0, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=0).astype(np.float64)
    hits = np.cumsum(np.take_along_axis(targets, order, axis=0), axis=0)
    f1 = 2 * hits / (np.arange(1, rows + 1)[:, None] + counts)
    # Rows of one probability cannot be told apart: only the last of them is a cut.
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0
    last = f1.argmax(axis=0)
    columns = np.arange(labels)
    below = np.where(last + 1 < rows, ranked[np.minimum(last + 1, rows - 1), columns], 0.0)
    own = np.where(counts > 0, (ranked[last, columns] + below) / 2, np.nan)
    scores = [macro_f1(targets, probabilities >= value) for value in _COMMON_GRID]
    best = int(np.argmax(scores)) if counts.any() else int(np.searchsorted(_COMMON_GRID, 0.5))
    return own, float(_COMMON_GRID[best])


def _drawn(own: np.ndarray, common: float, counts: np.ndarray, prior_rows: float) -> np.ndarray:
    """Draw each label's own threshold towards the common one, as log-odds, float32 [K]."""
    trust = np.zeros(len(own)) if np.isinf(prior_rows) else counts / np.maximum(counts + prior_rows, 1e-9)
    log_odds = trust * np.nan_to_num(_log_odds(own)) + (1 - trust) * _log_odds(np.asarray(common))
    drawn = np.where(np.isnan(own), common, 1 / (1 + np.exp(-log_odds)))
    return np.asarray(drawn, dtype=np.float32)


def _log_odds(probability: np.ndarray) -> np.ndarray:
    held = np.clip(probability, _FLOOR, 1 - _FLOOR)
    return np.asarray(np.log(held) - np.log1p(-held))
