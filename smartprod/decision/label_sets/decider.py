"""The decider for several labels: from the embeddings of products to a set of labels each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.decision.answers import NO_HEAD
from smartprod.decision.decider import Decisions
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.classifiers import LabelHeadSet, LabelTree
    from smartprod.fusion import ProductEmbeddings

_ORDER = ("fused", "image", "text")


@dataclass(frozen=True, slots=True, eq=False)
class LabelSettings:
    """The learned numbers of a decider for several labels.

    Attributes:
        thresholds: For each head, from which probability a label is given, float32 [K].
        back_off: Whether a category above the labels is an answer where no label below it is sure enough.
        macro_f1: For each head, the mean F1 over labels that its thresholds reached on held-out rows (cross-fitted).
    """

    thresholds: Mapping[str, np.ndarray]
    back_off: bool
    macro_f1: Mapping[str, float]
    mode: ClassVar[str] = "fused"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelDecisions(Decisions):
    """Answers for N products with several labels; `category` is the most probable label of each set.

    Without a label that is sure enough, `category` is the best guess and the decision `review`; with categories above
    the labels only, it is `backed_off`. `probabilities` are those of the labels that products carry, float32 [N, C].

    Attributes:
        categories: Label paths given to each product, length N: labels that products carry before categories above them,
            each kind with the most probable first.
        confidences: Their probabilities, float32, length N.
        given: What is given, with everything above it, bool [N, K].
    """

    categories: Sequence[Sequence[str]]
    confidences: Sequence[np.ndarray]
    given: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class LabelDecider:
    """Everything that is needed to give products their labels.

    Attributes:
        head_set: The heads and labels.
        settings: Thresholds.
    """

    head_set: LabelHeadSet
    settings: LabelSettings
    asks_words: ClassVar[bool] = False

    @property
    def tree(self) -> LabelTree:
        """The labels and the categories above them."""
        return self.head_set.tree

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that products carry, in index order."""
        return tuple(np.asarray(self.tree.nodes, dtype=object)[self.tree.carried])

    def for_mode(self, mode: str | None) -> LabelDecider:
        """Itself: there is one mode.

        Raises:
            UsageError: (SP680) Another mode is asked for.
        """
        if mode not in {None, self.settings.mode}:
            raise UsageError(
                "SP680",
                f"a model for several labels has no mode `{mode}`",
                where="--mode",
                fix=f"leave --mode out, or give {self.settings.mode}",
            )
        return self

    def probabilities(self, products: ProductEmbeddings) -> tuple[np.ndarray, np.ndarray]:
        """Ask the fused head where it can answer, else the head for what the product has.

        Returns:
            The head that answered, empty where none could, object [N]; and the probability of each label, consistent up
            the tree, NaN where none could, float32 [N, K].
        """
        head = np.full(len(products), NO_HEAD, dtype=object)
        found = np.full((len(products), len(self.tree.nodes)), np.nan, dtype=np.float32)
        for name in (each for each in _ORDER if each in self.head_set.heads):
            asked = self.head_set.heads[name]
            rows = np.flatnonzero(products.having(asked.modalities) & (head == NO_HEAD))
            if len(rows):
                head[rows] = name
                found[rows] = self.tree.consistent(asked.probabilities(products.take(rows)))
        return head, found

    def decide(self, products: ProductEmbeddings, *, texts: object = None) -> LabelDecisions:
        """Give N products their labels: the deepest ones whose probability reaches their threshold.

        Args:
            products: Their embeddings.
            texts: Not used.
        """
        head, probabilities = self.probabilities(products)
        given = self.tree.closed(self._passed(head, probabilities))
        answers = self.tree.deepest(given)
        nodes = np.asarray(self.tree.nodes, dtype=object)
        ranked = [self._ranked(*row) for row in zip(probabilities, answers, strict=True)]
        decision, reason = self._verdicts(head, answers)
        category, confidence = self._first(head, probabilities, ranked)
        return LabelDecisions(
            category=category,
            confidence=confidence,
            head=head,
            decision=decision,
            reason=reason,
            probabilities=probabilities[:, self.tree.carried],
            categories=[nodes[best].tolist() for best in ranked],
            confidences=[probabilities[row, best] for row, best in enumerate(ranked)],
            given=given,
        )

    def _passed(self, head: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        passed = np.zeros(probabilities.shape, dtype=bool)
        for name, thresholds in self.settings.thresholds.items():
            rows = np.flatnonzero(head == name)
            passed[rows] = probabilities[rows] >= thresholds
        return passed if self.settings.back_off else passed & self.tree.carried

    def _ranked(self, probabilities: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Places of the answers of one product: labels before categories above labels, the most probable first."""
        places = np.flatnonzero(answers)
        return places[np.lexsort((-probabilities[places], ~self.tree.carried[places]))]

    def _verdicts(self, head: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        decision, reason = (
            np.full(len(head), "accepted", dtype=object),
            np.full(len(head), None, dtype=object),
        )
        above_only = ~(answers & self.tree.carried).any(axis=1)
        decision[above_only] = "backed_off"
        reason[above_only] = "no category below is sure enough"
        nothing = ~answers.any(axis=1)
        decision[nothing], reason[nothing] = "review", "no category is sure enough"
        reason[head == NO_HEAD] = "no readable image or text"
        return decision, reason

    def _first(
        self, head: np.ndarray, probabilities: np.ndarray, ranked: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most probable label of each answer, the best guess where there is no answer."""
        guessed = np.where(self.tree.carried, np.nan_to_num(probabilities, nan=-1.0), -1.0).argmax(axis=1)
        first = np.asarray(
            [best[0] if len(best) else guess for best, guess in zip(ranked, guessed.tolist(), strict=True)],
            dtype=np.int64,
        )
        category = np.asarray(self.tree.nodes, dtype=object)[first]
        category[head == NO_HEAD] = None
        return category, probabilities[np.arange(len(first)), first]
