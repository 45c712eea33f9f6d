"""What heads say about a batch of products, and how a mode makes one answer per product out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

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


@dataclass(frozen=True, slots=True, eq=False)
class CombinedAnswers:
    """One answer per product.

    Attributes:
        head: Name of the head that answered, `NO_HEAD` where none could, object [N].
        probabilities: float32 [N, C]; NaN where no head answered.
    """

    head: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def blank(cls, count: int, classes: int) -> CombinedAnswers:
        """No answer yet for any of N products, of C classes."""
        return cls(np.full(count, NO_HEAD, dtype=object), np.full((count, classes), np.nan, dtype=np.float32))

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
    classes = next(iter(answers.values())).probabilities.shape[1]
    blank = CombinedAnswers.blank(count, classes)
    order = head_order(mode, cheapest=cheapest)
    return combine_asking(lambda name, _: answers[name], blank, order, heads=answers, ask_next=ask_next)


@dataclass(frozen=True, slots=True)
class HeadOrder:
    """Which heads a mode asks.

    Attributes:
        first: The first of these that can answers.
        then: Asked about products that `first` is unsure of or cannot answer; None: nobody.
    """

    first: tuple[str, ...]
    then: str | None = None


def head_order(mode: Mode, *, cheapest: str) -> HeadOrder:
    """The heads that a mode asks, in its order."""
    if mode == "image-then-text":
        return HeadOrder(("image",), "text")
    if mode == "cheapest-first":
        return HeadOrder((cheapest, "text" if cheapest == "image" else "image"), "fused")
    return HeadOrder(("fused", "image", "text"))


def combine_asking(
    ask: Callable[[str, np.ndarray], HeadAnswers],
    blank: CombinedAnswers,
    order: HeadOrder,
    *,
    heads: Collection[str],
    ask_next: float,
) -> CombinedAnswers:
    """Make one answer per product, asking each head only about the products that need it.

    Args:
        ask: Asks a head about the products in a mask, bool [N]; answers about others are left aside.
        blank: Answers for no product yet.
        order: Whom to ask.
        heads: Names of the heads that there are.
        ask_next: Confidence below which the first heads count as unsure.
    """
    head, probabilities = blank.head.copy(), blank.probabilities.copy()
    for name in order.first:
        if name in heads and (wanted := head == NO_HEAD).any():
            _put(name, ask(name, wanted), wanted, head, probabilities)
    base = CombinedAnswers(head, probabilities)
    if order.then is None or order.then not in heads:
        return base
    unsure = ~base.answered | (base.confidence < ask_next)
    if not unsure.any():
        return base
    second = ask(order.then, unsure)
    if order.then != "fused":  # which has seen all that the first head has; another one has to be surer
        told = np.nan_to_num(base.confidence[second.positions], nan=-1.0)
        surer = second.probabilities.max(axis=1, initial=0) > told
        second = HeadAnswers(second.positions[surer], second.probabilities[surer])
    head, probabilities = head.copy(), probabilities.copy()
    _put(order.then, second, unsure, head, probabilities)
    return CombinedAnswers(head, probabilities)


def _put(
    name: str, answers: HeadAnswers, wanted: np.ndarray, head: np.ndarray, probabilities: np.ndarray
) -> None:
    """Write a head's answers about the wanted products in their places."""
    kept = wanted[answers.positions]
    rows = answers.positions[kept]
    head[rows], probabilities[rows] = name, answers.probabilities[kept]
