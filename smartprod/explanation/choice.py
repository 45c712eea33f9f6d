"""Which answers about the test part are worth explaining."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

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
    pairs: dict[Hashable, list[tuple[float, int]]] = defaultdict(list)
    for each in np.argsort(-confidence, kind="stable").tolist():
        if not right[each]:
            pair = frozenset((int(labels[known[each]]), int(answer[each])))
            pairs[pair].append((float(confidence[each]), each))
    doubted = [each for each in np.argsort(confidence, kind="stable").tolist() if right[each]]
    return known[[*_in_turns(pairs), *doubted][:count]].tolist()


def telling_labels(
    margins: NDArray[np.float32], given: NDArray[np.bool_], targets: NDArray[np.bool_], *, count: int
) -> list[tuple[int, int]]:
    """Choose the labels that tell most about a model for several labels: its surest mistakes, spread over the labels.

    The surest mistake is the one farthest on the wrong side of its threshold. Each product is chosen once, with its surest
    mistake. Where there are too few, labels follow that were rightly given, those nearest to their threshold first.

    Args:
        margins: By how much the log-odds of C labels of N products exceed those of their thresholds, float32 [N, C]; NaN where
            no head answered.
        given: Labels that products were given, bool [N, C].
        targets: Labels that they have, bool [N, C].
        count: How many to choose at most.

    Returns:
        Positions among the N with a label each, the most telling first.
    """
    known = np.flatnonzero(~np.isnan(margins).any(axis=1))
    if not len(known):
        return []
    margins, given, targets = margins[known], given[known], targets[known]
    sure = np.where(given == targets, -np.inf, np.where(given, margins, -margins))  # [N, C], of mistakes
    near = np.where(given & targets, margins, np.inf)
    worst, nearest = sure.argmax(axis=1), near.argmin(axis=1)
    height, distance = sure.max(axis=1), near.min(axis=1)
    mistakes: dict[Hashable, list[tuple[float, int]]] = defaultdict(list)
    for each in np.argsort(-height, kind="stable").tolist():
        if height[each] > -np.inf:
            mistakes[int(worst[each])].append((float(height[each]), each))
    chosen = [(each, worst[each]) for each in _in_turns(mistakes)]
    for each in np.argsort(distance, kind="stable").tolist():
        if height[each] == -np.inf and distance[each] < np.inf:
            chosen.append((each, nearest[each]))
    return [(int(known[each]), int(label)) for each, label in chosen[:count]]


def _in_turns(kinds: Mapping[Hashable, Sequence[tuple[float, int]]]) -> list[int]:
    """Take the first mistake of each kind, the most frequent kind first, then the second of each, and so on.

    Args:
        kinds: For each kind of mistake how sure each was, and its position; the surest first.
    """
    turns = sorted(
        (turn, -len(mistakes), -sure, each)
        for mistakes in kinds.values()
        for turn, (sure, each) in enumerate(mistakes)
    )
    return [turn[-1] for turn in turns]
