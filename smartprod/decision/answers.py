"""What heads say about a batch of products, and how a mode makes one answer per product out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["fused", "image-then-text", "cheapest-first"]
NO_HEAD = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeadAnswers:
    """Calibrated answers of one head about the products it can answer.

    Attributes:
        positions: Positions in the batch of N products, ascending, int64 [M].
        probabilities: float32 [M, C], rows summing to one.
    """

    positions: np.ndarray
    probabilities: np.ndarray

    def spread(self, count: int) -> np.ndarray:
        """Probabilities for all N products, NaN for those without an answer, float32 [N, C]."""
        spread = np.full((count, self.probabilities.shape[1]), np.nan, dtype=np.float32)
        spread[self.positions] = self.probabilities
        return spread


@dataclass(frozen=True, slots=True, eq=False)
class CombinedAnswers:
    """One answer per product.

    Attributes:
        head: Name of the head that answered, `NO_HEAD` where none could, object [N].
        probabilities: float32 [N, C]; NaN where no head answered.
    """

    head: np.ndarray
    probabilities: np.ndarray

    @property
    def answered(self) -> np.ndarray:
        """Which products have an answer, bool [N]."""
        return self.head != NO_HEAD

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the most probable class, NaN where no head answered, float32 [N]."""
        return self.probabilities.max(axis=1)


def combine(
    answers: Mapping[str, HeadAnswers], count: int, *, mode: Mode, cheapest: str, ask_next: float
) -> CombinedAnswers:
    """Make one answer per product.

    Args:
        answers: Answers by head: `image`, `text`, `fused`, those that there are.
        count: N, the number of products.
        mode: `fused`: the fused head where it can answer, else the head for what the product has.
            `image-then-text`: the image head; where it is unsure the text head is asked, and the more confident
            of the two wins. `cheapest-first`: the head of the cheapest modality; unsure products pay for the
            fused head.
        cheapest: `image` or `text`, for `cheapest-first`.
        ask_next: Confidence below which the first head counts as unsure.

    Returns:
        The combined answers.
    """
    if mode == "image-then-text":
        return _first_then(answers, count, ["image"], "text", ask_next)
    if mode == "cheapest-first":
        other = "text" if cheapest == "image" else "image"
        return _first_then(answers, count, [cheapest, other], "fused", ask_next)
    return _first_available(answers, count, ["fused", "image", "text"])


def _first_available(answers: Mapping[str, HeadAnswers], count: int, order: list[str]) -> CombinedAnswers:
    classes = next(iter(answers.values())).probabilities.shape[1]
    head = np.full(count, NO_HEAD, dtype=object)
    probabilities = np.full((count, classes), np.nan, dtype=np.float32)
    for name in order:
        if name not in answers:
            continue
        spread = answers[name].spread(count)
        fill = (head == NO_HEAD) & ~np.isnan(spread[:, 0])
        head[fill], probabilities[fill] = name, spread[fill]
    return CombinedAnswers(head, probabilities)


def _first_then(
    answers: Mapping[str, HeadAnswers], count: int, first: list[str], second: str, ask_next: float
) -> CombinedAnswers:
    """Let `first` answer; where it is unsure or cannot, ask `second` and keep the more confident answer."""
    base = _first_available(answers, count, first)
    if second not in answers:
        return base
    spread = answers[second].spread(count)
    unsure = ~base.answered | (base.confidence < ask_next)
    asked = unsure & ~np.isnan(spread[:, 0])
    wins = asked & (~base.answered | (spread.max(axis=1) > np.nan_to_num(base.confidence, nan=-1.0)))
    if second == "fused":  # the fused head has seen all that the first one has
        wins = asked
    head, probabilities = base.head.copy(), base.probabilities.copy()
    head[wins], probabilities[wins] = second, spread[wins]
    return CombinedAnswers(head, probabilities)
