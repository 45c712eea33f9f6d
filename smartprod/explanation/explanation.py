"""What explains an answer, in plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from smartprod.explanation.similar import SimilarProduct
    from smartprod.fusion import Modality


@dataclass(frozen=True, slots=True)
class ModalityShare:
    """What a modality adds to the probability of the category.

    Attributes:
        modality: `image` or `text`.
        share: Its Shapley value: its mean gain in probability over the orders in which modalities can be added.
        alone: Probability of the category with this modality only.
    """

    modality: Modality
    share: float
    alone: float


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A piece of the clean text.

    Attributes:
        text: A word, or several of a long text.
        weight: By how much the log-odds of the category fall without it; negative where it speaks against the category.
    """

    text: str
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class PhotoMap:
    """Where on the photo the category is seen.

    Attributes:
        photo: The photo, small, as JPEG.
        overlay: The same photo with what speaks for the category in red and what speaks against it in blue, JPEG.
        weights: By how much the log-odds of the category fall when a cell is covered, float32 [G, G], top row first.
    """

    photo: bytes
    overlay: bytes
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class PathStep:
    """A category on the way to the explained one, and the probability of everything below it."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a product got its answer.

    Attributes:
        row: Position in the table.
        id: The product's id.
        title: Its title.
        answer: The category that was answered, an ancestor where backed off; None for `other` and without answer.
        explained: The category that everything here is about, the most probable one where none was asked for; None where
            no head could answer.
        confidence: Calibrated probability of `explained`.
        decision: `accepted`, `backed_off`, `other` or `review`.
        head: Head that answered; empty where none could.
        head_reason: Why that head, in a few words.
        status: `ok`, or what is wrong with the product.
        reason: Why it was not accepted, and what is wrong with it.
        top: The most probable categories with their probabilities, the best first.
        path: From the top of the tree to `explained`; empty where a product has several labels.
        base: Probability of `explained` for a product of which nothing is known: its share of the reference rows, an equal share without them.
        modalities: What image and text add; with `base` they sum to `confidence`.
        words: The clean text in its order; empty without text.
        photo: Where on the photo; None without one.
        similar: The nearest training products, the nearest first; None where the model carries none.
    """

    row: int
    id: str | None
    title: str | None
    answer: str | None
    explained: str | None
    confidence: float
    decision: str
    head: str
    head_reason: str
    status: str
    reason: str | None
    top: tuple[PathStep, ...]
    path: tuple[PathStep, ...]
    base: float
    modalities: tuple[ModalityShare, ...]
    words: tuple[WordWeight, ...]
    photo: PhotoMap | None
    similar: tuple[SimilarProduct, ...] | None
