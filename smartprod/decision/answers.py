"""What heads say about a batch of products, and how a mode makes one answer per product out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

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
        answers: Answers by head: `image`, `text`, `fused`, `words`, those that there are.
        count: N, the number of products.
        mode: `fused`: the fused head where it can answer, else the head for what the product has.
            `image-then-text`: the image head; where it is unsure the text head is asked, and the more confident
            of the two wins. `cheapest-first`: the cheapest head; unsure products pay for the fused head.
        cheapest: `words`, `image` or `text`, for `cheapest-first`.
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
        then: The first of these that can is asked about products that `first` is unsure of or cannot answer.
        sees_more: Whether `then` has seen all that `first` has: its answer then holds, surer or not.
    """

    first: tuple[str, ...]
    then: tuple[str, ...] = ()
    sees_more: bool = True


def head_order(mode: Mode, *, cheapest: str) -> HeadOrder:
    """The heads that a mode asks, in its order; a head that is not there is passed over."""
    if mode == "image-then-text":
        return HeadOrder(("image",), ("text",), sees_more=False)
    if mode == "cheapest-first" and cheapest == WORDS:
        return HeadOrder((WORDS,), ("fused", "text", "image"))
    if mode == "cheapest-first":
        return HeadOrder((cheapest, "text" if cheapest == "image" else "image"), ("fused",))
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
    base = _ask_in_turn(ask, blank, [name for name in order.first if name in heads], blank.head == NO_HEAD)
    unsure = ~base.answered | (base.confidence < ask_next)
    second = _ask_in_turn(ask, blank, [name for name in order.then if name in heads], unsure)
    wins = second.answered
    if not order.sees_more:
        wins = wins & (~base.answered | (second.confidence > np.nan_to_num(base.confidence, nan=-1.0)))
    return CombinedAnswers(
        np.where(wins, second.head, base.head),
        np.where(wins[:, None], second.probabilities, base.probabilities),
    )


@dataclass(frozen=True, slots=True, eq=False)
class NeededEmbeddings:
    """Which products a mode has embedded: the image, the text; bool [N] each."""

    image: np.ndarray
    text: np.ndarray


def needed_embeddings(
    answers: Mapping[str, HeadAnswers], count: int, *, mode: Mode, cheapest: str, ask_next: float
) -> NeededEmbeddings:
    """Find out which of N products pay for which encoder in a mode; arguments as for `combine`."""
    order = head_order(mode, cheapest=cheapest)
    everything = np.ones(count, dtype=bool)
    if not order.then:
        return NeededEmbeddings(everything, everything)
    unsure, first = everything.copy(), order.first[0]
    if first in answers:
        confidence = answers[first].probabilities.max(axis=1, initial=0)
        unsure[answers[first].positions[confidence >= np.float32(ask_next)]] = False
    if first == WORDS:
        return NeededEmbeddings(unsure, unsure)
    return NeededEmbeddings(everything, unsure) if first == "image" else NeededEmbeddings(unsure, everything)


def _ask_in_turn(
    ask: Callable[[str, np.ndarray], HeadAnswers],
    blank: CombinedAnswers,
    names: Sequence[str],
    wanted: np.ndarray,
) -> CombinedAnswers:
    """Ask one head after the other about those of the products in a mask that nobody has answered yet."""
    head, probabilities = blank.head.copy(), blank.probabilities.copy()
    for name in names:
        if not wanted.any():
            break
        answers = ask(name, wanted)
        kept = wanted[answers.positions]
        rows = answers.positions[kept]
        head[rows], probabilities[rows] = name, answers.probabilities[kept]
        wanted = wanted & (head == NO_HEAD)
    return CombinedAnswers(head, probabilities)
