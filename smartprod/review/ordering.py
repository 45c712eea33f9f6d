"""In which order answers are reviewed: uncertain and surprising ones first, and not the same doubt again and again."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

REPEATED = 0.8
"""What a doubt is worth when the same two categories were in doubt once before in the queue."""

SURPRISING = 0.5
"""What being unlike everything learned adds to a doubt, which lies between 0 and 1."""


def review_order(
    margin: NDArray[np.float32], doubts: Sequence[tuple[str, str]], surprising: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Put answers in the order in which a person learns most from them.

    A doubt is one minus the margin between the best two categories (margin sampling: Scheffer, Decomain and Wrobel,
    2001); being surprising adds to it. A doubt between two categories counts less each time it was met in the queue
    before, so that the first rows differ.

    Args:
        margin: Confidence in the best category less that in the second, float [N]; NaN without an answer.
        doubts: The best two categories of each answer, length N.
        surprising: Answers that are unlike everything learned, bool [N].

    Returns:
        Positions of all answers, the most instructive first, int64 [N]; of equal ones the earlier first.
    """
    worth = 1.0 - np.nan_to_num(np.asarray(margin, dtype=np.float64), nan=0.0)
    worth = worth + SURPRISING * np.asarray(surprising)
    met: Counter[tuple[str, str]] = Counter()
    pairs = [(first, second) if first <= second else (second, first) for first, second in doubts]
    heap = [(-float(value), position, 0) for position, value in enumerate(worth)]
    heapq.heapify(heap)
    order = []
    while heap:
        _, position, seen = heapq.heappop(heap)
        pair = pairs[position]
        if met[pair] > seen:  # the same doubt came up since: it is worth less by now
            value = float(worth[position]) * REPEATED ** met[pair]
            heapq.heappush(heap, (-value, position, met[pair]))
            continue
        met[pair] += 1
        order.append(position)
    return np.asarray(order, dtype=np.int64)
