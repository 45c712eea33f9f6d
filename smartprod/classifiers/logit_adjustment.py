"""Logit adjustment: answers as if all classes were equally common (Menon et al., "Long-tail learning via logit adjustment", 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.base import log_softmax, row_weights

if TYPE_CHECKING:
    from smartprod.classifiers.base import Classifier, Weighting
    from smartprod.state import State

OFFSET = "logit_adjustment"
"""Name of the array that marks an adjusted classifier's state."""


@dataclass(frozen=True, slots=True, eq=False)
class AdjustedClassifier:
    """A classifier whose logits are lowered for classes that were common in training.

    Attributes:
        inner: The classifier as it was fitted.
        offset: What is taken from each log-probability, float32 [C].
    """

    inner: Classifier
    offset: np.ndarray

    @property
    def kind(self) -> str:
        """Which classifier it is, such as `logistic`."""
        return self.inner.kind

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        answers = self.inner.log_probabilities(embedding)
        return log_softmax(answers - self.offset) if len(answers) else answers

    def state(self) -> State:
        """The fitted state: the inner classifier's, and the offset beside its arrays."""
        state = self.inner.state()
        return replace(state, arrays={**state.arrays, OFFSET: self.offset})


def log_prior(labels: np.ndarray, classes: int, weighting: Weighting) -> np.ndarray:
    """Log of each class's share of the weight of the training rows, float32 [C]; 0 for absent classes.

    Weighted rows count with their weight: balanced weights leave nothing to adjust.
    """
    mass = np.bincount(labels, weights=row_weights(labels, weighting), minlength=classes)
    share = mass / mass.sum()
    return np.log(share, out=np.zeros(classes), where=share > 0).astype(np.float32)


def adjust(
    classifier: Classifier, labels: np.ndarray, *, classes: int, tau: float, weighting: Weighting
) -> AdjustedClassifier:
    """Take `tau` times the log prior of the training rows from a fitted classifier's logits (post-hoc).

    Args:
        classifier: Any classifier that has learned how common the classes are.
        labels: Class indices of its training rows, int64 [M].
        classes: C.
        tau: 1 is consistent for the balanced error; 0 changes nothing.
        weighting: How the training rows weighed.
    """
    return AdjustedClassifier(classifier, np.float32(tau) * log_prior(labels, classes, weighting))


def unadjusted_state(state: State) -> tuple[State, np.ndarray | None]:
    """Part a state into the inner classifier's and the offset, None where nothing was adjusted."""
    offset = state.arrays.get(OFFSET)
    if offset is None:
        return state, None
    return replace(
        state, arrays={name: each for name, each in state.arrays.items() if name != OFFSET}
    ), offset
