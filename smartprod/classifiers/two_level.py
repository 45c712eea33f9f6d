"""A coarse classifier, and one for the classes within each coarse class; their probabilities are multiplied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.classifiers.base import Fitted, Weighting, log_softmax, spread_over_classes
from smartprod.classifiers.class_clusters import class_means, cluster_classes
from smartprod.classifiers.logistic import fit_logistic
from smartprod.resampling import TrainingSet
from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.classifiers.base import FitRequest


@dataclass(frozen=True, slots=True, eq=False)
class TwoLevelClassifier:
    """Logistic regression on two levels: p(class) = p(coarse class) * p(class within it).

    Attributes:
        coarse_weight: float32 [G, D], one line for each coarse class.
        coarse_bias: float32 [G].
        weight: Lines of the classes against those of the same coarse class, float32 [P, D].
        bias: float32 [P].
        coarse: Coarse class of each line, 0 to G - 1, int64 [P].
        present: Class index of each line, int64 [P].
        classes: Number of all classes.
    """

    coarse_weight: np.ndarray
    coarse_bias: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    coarse: np.ndarray
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "two_level"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        together = self._within(embedding) + self._coarse(embedding)[:, self.coarse]
        return spread_over_classes(together, self.present, self.classes)

    def top_down(self, embedding: np.ndarray) -> np.ndarray:
        """The most probable class within the most probable coarse class, int64 [N]: a mistake above is never mended."""
        chosen = self._coarse(embedding).argmax(axis=1)
        within = np.where(self.coarse[None, :] == chosen[:, None], self._within(embedding), -np.inf)
        return np.asarray(self.present[within.argmax(axis=1)])

    def _coarse(self, embedding: np.ndarray) -> np.ndarray:
        """Log-probabilities of the coarse classes, float32 [N, G]."""
        return log_softmax(embedding @ self.coarse_weight.T + self.coarse_bias)

    def _within(self, embedding: np.ndarray) -> np.ndarray:
        """Log-probabilities of the classes within their coarse class, float32 [N, P]."""
        logits = embedding @ self.weight.T + self.bias
        within = np.empty_like(logits)
        for group in range(len(self.coarse_bias)):
            lines = np.flatnonzero(self.coarse == group)
            within[:, lines] = log_softmax(logits[:, lines])
        return within

    def state(self) -> State:
        """The fitted state."""
        arrays = {
            name: getattr(self, name)
            for name in ("coarse_weight", "coarse_bias", "weight", "bias", "coarse", "present")
        }
        return State(self.kind, {"classes": self.classes}, arrays)

    @classmethod
    def from_state(cls, state: State) -> TwoLevelClassifier:
        """Build it again from its state."""
        return cls(**state.arrays, classes=int(str(state.settings["classes"])))


def fit_two_level(request: FitRequest, *, C: float, max_iterations: int, weighting: Weighting) -> Fitted:
    """Fit the coarse classifier on all rows, and one classifier on the rows of each coarse class.

    The coarse classes are those of the request, or found by clustering the classes' mean embeddings. On our sets a flat
    classifier is as good or better (`benchmarks/hierarchy.py`), so this one only competes where it is asked for.

    Args:
        request: The training rows; `coarse` gives the coarse class of each class.
        C: Inverse strength of the L2 penalty of every classifier.
        max_iterations: Of the solver.
        weighting: How rows of small classes weigh, on both levels.
    """
    embedding, labels = request.training.embedding, request.training.labels
    present = np.unique(labels)
    if request.coarse is None:
        positions = np.searchsorted(present, labels)
        means = class_means(embedding, positions, classes=len(present))
        groups = cluster_classes(means).clusters
    else:
        groups = np.unique(request.coarse[present], return_inverse=True)[1]
    group_of = np.zeros(request.classes, dtype=np.int64)
    group_of[present] = groups
    of_row = group_of[labels]

    def fit(rows: np.ndarray, targets: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
        part = replace(request, training=TrainingSet(embedding[rows], targets), classes=classes)
        fitted = fit_logistic(part, C=C, max_iterations=max_iterations, weighting=weighting)
        arrays = fitted.classifier.state().arrays
        return arrays["weight"], arrays["bias"]

    everything = np.arange(len(labels))
    coarse_weight, coarse_bias = fit(everything, of_row, int(groups.max()) + 1)
    weight = np.zeros((len(present), embedding.shape[1]), dtype=np.float32)
    bias = np.zeros(len(present), dtype=np.float32)
    for group in range(len(coarse_bias)):
        rows, lines = np.flatnonzero(of_row == group), np.flatnonzero(groups == group)
        weight[lines], bias[lines] = fit(rows, labels[rows], request.classes)
    return Fitted(
        TwoLevelClassifier(coarse_weight, coarse_bias, weight, bias, groups, present, request.classes)
    )


def coarse_classes(classes: tuple[str, ...], *, separator: str, level: int | None) -> np.ndarray | None:
    """The coarse class of each class, numbered, int64 [C]: its ancestor at a level of the tree.

    Args:
        classes: Class paths, length C.
        separator: What separates the levels of a path.
        level: How many levels from the top; None: to be found by clustering.

    Returns:
        The numbers; None where there is no level, or where it does not divide the classes into fewer, but several.
    """
    if level is None:
        return None
    ancestors = [separator.join(path.split(separator)[:level]) for path in classes]
    names, numbers = np.unique(np.asarray(ancestors, dtype=str), return_inverse=True)
    return numbers.astype(np.int64) if 1 < len(names) < len(classes) else None
