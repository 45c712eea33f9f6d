"""Which answers about the test part are worth explaining."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def telling_answers(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], *, count: int
) -> list[int]:
    """Choose the answers that tell most about a model: its surest mistakes, spread over the pairs of classes it confuses.

    First comes the surest mistake of each pair, the most confused pair first, then the second surest of each, and so on.
    Where there are too few mistakes, the right answers follow that the model was least sure of.

    Args:
        probabilities: Of N products, float32 [N, C]; NaN where no head answered.
        labels: True class indices, int64 [N]; below 0 where the category was not learned.
        count: How many to choose at most.

    Returns:
        Positions among the N, the most telling first.
    """
    known = np.flatnonzero((labels >= 0) & ~np.isnan(probabilities).any(axis=1))
    answer, confidence = probabilities[known].argmax(axis=1), probabilities[known].max(axis=1)
    right = answer == labels[known]
    pairs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for each in np.argsort(-confidence, kind="stable").tolist():
        if not right[each]:
            first, second = sorted((int(labels[known[each]]), int(answer[each])))
            pairs[first, second].append(each)
    turns = sorted(
        (turn, -len(mistakes), -float(confidence[each]), each)
        for mistakes in pairs.values()
        for turn, each in enumerate(mistakes)
    )
    doubted = [each for each in np.argsort(confidence, kind="stable").tolist() if right[each]]
    return known[[*(turn[-1] for turn in turns), *doubted][:count]].tolist()
