"""The decider: from the embeddings of products to one answer each, and whether it can be relied on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers import WORDS, HeadSet, WordsClassifier
from smartprod.decision.answers import (
    CombinedAnswers,
    HeadAnswers,
    combine,
    combine_asking,
    head_order,
)
from smartprod.decision.calibration import Calibrator, NoCalibration
from smartprod.decision.class_edits import AddedClass, ClassEdit
from smartprod.decision.costs import ClassCosts, choose_classes
from smartprod.decision.hierarchy import Hierarchy
from smartprod.decision.open_set import OpenSetDetector, open_set_embedding
from smartprod.decision.prediction_sets import prediction_sets
from smartprod.decision.settings import DecisionSettings

if TYPE_CHECKING:
    from smartprod.fusion import ProductEmbeddings

Texts = Sequence[str | None] | None
"""Clean texts of products, None for those without; or none at all."""

DecisionName = Literal["accepted", "backed_off", "other", "review"]


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Answers for N products.

    Attributes:
        category: The answer, an ancestor's path where backed off; the best guess for `review`; None for `other`
            and where nothing could answer, object [N].
        confidence: Calibrated probability of `category` (of the best guess for `other`), NaN without, float32 [N].
        head: Head that answered, empty where none could, object [N].
        decision: `accepted`, `backed_off`, `other` or `review`, object [N].
        reason: Why it was not accepted, None where it was, object [N].
        probabilities: Calibrated probabilities, NaN where no head answered, float32 [N, C].
        sets: Which classes are in each product's prediction set, bool [N, C]; None where none are asked for.
    """

    category: np.ndarray
    confidence: np.ndarray
    head: np.ndarray
    decision: np.ndarray
    reason: np.ndarray
    probabilities: np.ndarray
    sets: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decider:
    """Everything that is needed to answer for products.

    Attributes:
        head_set: The heads and classes.
        settings: Thresholds and modes.
        detectors: Open-set detectors by head.
        words: Answers first in the mode `cheapest-first` where `settings.cheapest` is `words`; else None.
        calibrators: Calibration of each head; one without speaks for itself.
        edits: Changes to the classes since the training, in their order.
    """

    head_set: HeadSet
    settings: DecisionSettings
    detectors: Mapping[str, OpenSetDetector]
    words: WordsClassifier | None = None
    calibrators: Mapping[str, Calibrator] = field(default_factory=dict)
    edits: tuple[ClassEdit, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class paths in index order."""
        return self.edits[-1].classes if self.edits else self.head_set.classes

    @property
    def costs(self) -> np.ndarray | None:
        """Cost of each answer, float32 [C, C]: true class by answered class; None where all errors cost alike."""
        settings = self.settings
        if settings.costs is None:
            return None
        return _cost_matrix(settings.costs, self.classes, settings.separator)

    @property
    def asks_words(self) -> bool:
        """Whether the mode in force asks the words head, and so wants the texts of products.

        Not of a model with an added class: only embeddings can tell that class, and words would give its products to
        an old one.
        """
        settings = self.settings
        added = any(isinstance(edit, AddedClass) for edit in self.edits)
        cheapest = settings.mode == "cheapest-first" and settings.cheapest == WORDS
        return self.words is not None and cheapest and not added

    def answers(self, products: ProductEmbeddings, texts: Texts = None) -> dict[str, HeadAnswers]:
        """Ask every head about the products that it can answer.

        Args:
            products: The embeddings of N products.
            texts: Their clean texts, for the words head; without them it is not asked.
        """
        everything = np.ones(len(products), dtype=bool)
        return {name: self._ask(name, products, texts, everything) for name in self._heads(texts)}

    def combine(self, products: ProductEmbeddings, texts: Texts = None) -> CombinedAnswers:
        """Ask the heads that the mode asks, each only about the products that need it; one answer per product."""
        return self._combine(
            lambda name, wanted: self._ask(name, products, texts, wanted), len(products), texts
        )

    def answers_of_words(self, texts: Sequence[str | None]) -> CombinedAnswers:
        """What the words head alone says about N products."""
        return self._combine(
            lambda _, wanted: self._ask_words(texts, wanted), len(texts), texts, only=(WORDS,)
        )

    def _combine(
        self,
        ask: Callable[[str, np.ndarray], HeadAnswers],
        count: int,
        texts: Texts,
        *,
        only: Sequence[str] | None = None,
    ) -> CombinedAnswers:
        settings = self.settings
        return combine_asking(
            ask,
            CombinedAnswers.blank(count, len(self.classes)),
            head_order(settings.mode, cheapest=settings.cheapest),
            heads=self._heads(texts) if only is None else only,
            ask_next=settings.ask_next,
        )

    def is_unsure(self, combined: CombinedAnswers) -> np.ndarray:
        """Which products the first heads of the mode leave to the next one, bool [N]."""
        return ~combined.answered | (combined.confidence < self.settings.ask_next)

    def _heads(self, texts: Texts) -> tuple[str, ...]:
        words = (WORDS,) if self.asks_words and texts is not None else ()
        return (*self.head_set.heads, *words)

    def _ask(self, name: str, products: ProductEmbeddings, texts: Texts, wanted: np.ndarray) -> HeadAnswers:
        """Ask a head about those of the products in a mask, bool [N], that it can answer."""
        if name == WORDS:
            return self._ask_words(texts or (), wanted)
        head = self.head_set.heads[name]
        positions = np.flatnonzero(products.having(head.modalities) & wanted)
        if len(positions) == 0:
            return HeadAnswers(positions, np.zeros((0, len(self.classes)), dtype=np.float32))
        asked = _some(products, positions)
        return self._calibrated(name, positions, head.log_probabilities(asked), asked)

    def _ask_words(self, texts: Sequence[str | None], wanted: np.ndarray) -> HeadAnswers:
        assert self.words is not None
        has_text = np.fromiter((bool(text) for text in texts), dtype=bool, count=len(texts))
        positions = np.flatnonzero(has_text & wanted)
        given = [texts[position] or "" for position in positions.tolist()]
        return self._calibrated(WORDS, positions, self.words.log_probabilities(given), None)

    def _calibrated(
        self, name: str, positions: np.ndarray, logs: np.ndarray, asked: ProductEmbeddings | None
    ) -> HeadAnswers:
        probabilities = np.exp(self.calibrators.get(name, NoCalibration()).apply(logs))
        for edit in self.edits:
            probabilities = edit.apply(name, probabilities, asked)
        return HeadAnswers(positions, probabilities)

    def decide(
        self,
        products: ProductEmbeddings,
        answers: Mapping[str, HeadAnswers] | None = None,
        *,
        texts: Texts = None,
    ) -> Decisions:
        """Answer for N products.

        Args:
            products: Their embeddings.
            answers: What the heads say about them, where it is known already.
            texts: Their clean texts, for the words head; without them every product is asked about in full.
        """
        if answers is None:
            combined = self.combine(products, texts)
        else:
            settings = self.settings
            combined = combine(
                answers,
                len(products),
                mode=settings.mode,
                cheapest=settings.cheapest,
                ask_next=settings.ask_next,
            )
        return self._judge(combined, self._is_strange(products, combined))

    def strangeness(self, products: ProductEmbeddings, combined: CombinedAnswers) -> np.ndarray:
        """Open-set score of each product under the head that answered, NaN without, float32 [N]."""
        scores = np.full(len(products), np.nan, dtype=np.float32)
        for name, detector in self.detectors.items():
            rows = np.flatnonzero(combined.head == name)
            if len(rows):
                embedding = open_set_embedding(_some(products, rows), name)
                scores[rows] = detector.score(embedding, combined.probabilities[rows])
        return scores

    def _is_strange(self, products: ProductEmbeddings, combined: CombinedAnswers) -> np.ndarray:
        thresholds = self.settings.open_set_thresholds
        limit = np.asarray([thresholds.get(name, np.inf) for name in combined.head], dtype=np.float32)
        strange = self.strangeness(products, combined) > limit
        for edit in self.edits:
            if isinstance(edit, AddedClass):
                strange = self._without_newcomers(edit, strange, products, combined)
        return strange

    def _without_newcomers(
        self, edit: AddedClass, strange: np.ndarray, products: ProductEmbeddings, combined: CombinedAnswers
    ) -> np.ndarray:
        """Take products of an added class, which the detectors have never seen, out of the strange ones, bool [N]."""
        kept = strange.copy()
        for name in edit.newcomers:
            rows = np.flatnonzero(strange & (combined.head == name))
            if len(rows):
                kept[rows] = ~edit.vouches(name, products.take(rows))
        return kept

    def _judge(self, combined: CombinedAnswers, strange: np.ndarray) -> Decisions:
        settings, count = self.settings, len(combined.head)
        answered = combined.answered
        best = choose_classes(combined.probabilities, self.costs)
        confidence = combined.probabilities[np.arange(count), best]  # NaN where nobody answered
        category = np.asarray(self.classes, dtype=object)[best]
        decision = np.full(count, "accepted", dtype=object)
        reason = np.full(count, None, dtype=object)

        category[~answered], decision[~answered] = None, "review"
        reason[~answered] = "no readable image or text"
        strange = answered & strange
        category[strange], decision[strange] = None, "other"
        reason[strange] = "unlike anything seen in training"
        unsure = answered & ~strange & ~(confidence >= settings.accept)
        decision[unsure] = "review"
        reason[unsure] = (
            f"confidence below {settings.accept:.3f}"
            if settings.accept <= 1
            else "no confidence keeps the accuracy that was asked for"
        )
        if settings.back_off and unsure.any():
            hierarchy = _hierarchy(self.classes, settings.separator)
            enough = settings.accept if settings.back_off_from is None else settings.back_off_from
            paths, sums = hierarchy.back_off(combined.probabilities[unsure], enough)
            found = ~np.isnan(sums)
            rows = np.flatnonzero(unsure)[found]
            category[rows], confidence[rows] = paths[found], sums[found]
            decision[rows] = "backed_off"
            reason[rows] = "the category below is not sure enough"
        least, probabilities = settings.least_in_set, combined.probabilities
        sets = None if least is None else prediction_sets(probabilities, least)
        return Decisions(category, confidence, combined.head, decision, reason, probabilities, sets)


def _some(products: ProductEmbeddings, positions: np.ndarray) -> ProductEmbeddings:
    """The products at ascending positions; no copy where that is all of them."""
    return products if len(positions) == len(products) else products.take(positions)


@lru_cache(maxsize=4)
def _cost_matrix(costs: ClassCosts, classes: tuple[str, ...], separator: str) -> np.ndarray:
    """The costs of a model's classes, built once for all batches."""
    return costs.matrix(classes, separator=separator)


@lru_cache(maxsize=4)
def _hierarchy(classes: tuple[str, ...], separator: str) -> Hierarchy:
    """The tree of a model's classes, built once for all batches."""
    return Hierarchy(classes, separator)
