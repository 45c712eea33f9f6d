"""Do the prediction sets hold the true category as often as was promised, and how large are they?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SetScores:
    """Prediction sets in numbers, over rows of learned categories that some head answered.

    Attributes:
        promised: Share of rows whose set is to hold the true category.
        covered: Share of rows whose set does.
        rows: How many rows.
        size: Mean number of categories in a set.
        single: Share of sets of one category.
    """

    promised: float
    covered: float
    rows: int
    size: float
    single: float


def score_sets(sets: NDArray[np.bool_], labels: NDArray[np.int64], *, promised: float) -> SetScores | None:
    """Score the sets of N rows.

    Args:
        sets: Which classes are in each set, bool [N, C]; an empty one was not answered.
        labels: True class indices, int64 [N]; below 0 where the category was not learned.
        promised: Share of rows whose set is to hold the true category.

    Returns:
        None where there is nothing to score.
    """
    rows = np.flatnonzero(sets.any(axis=1) & (labels >= 0))
    if len(rows) == 0:
        return None
    sizes = sets[rows].sum(axis=1)
    covered = float(sets[rows, labels[rows]].mean())
    return SetScores(promised, covered, len(rows), float(sizes.mean()), float((sizes == 1).mean()))


def set_line(scores: SetScores) -> str:
    """One sentence on the prediction sets."""
    return (
        f"prediction sets: {scores.covered:.1%} of {scores.rows:,} test rows have the true category in their set "
        f"(promised: {scores.promised:.0%}); {scores.size:.2f} categories on average, one in {scores.single:.1%} of the sets"
    )
