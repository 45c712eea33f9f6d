"""The contract of a classifier on embeddings, and what every implementation shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from smartprod.resampling import TrainingSet
    from smartprod.state import State

LOG_FLOOR = float(np.log(1e-7))
"""Log-probability of a class that the training rows did not have, before normalising."""

Weighting = Literal["balanced", "sqrt", "none"]


@runtime_checkable
class Classifier(Protocol):
    """A fitted classifier over all C classes of a run, those without training rows included."""

    @property
    def kind(self) -> str:
        """Which classifier it is, such as `logistic`."""
        ...

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D]: log-probabilities, float32 [N, C], each row summing to one when exponentiated."""
        ...

    def state(self) -> State:
        """The fitted state."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FitRequest:
    """What a classifier is fitted on.

    Attributes:
        training: Training rows, after resampling.
        classes: Number of classes C; labels lie in 0 to C - 1, and some may be absent.
        seed: Seed of everything random.
        threads: Threads to use.
        validation: Held-out rows that stop the training early; None in the final fit.
        rounds: Epochs or boosting rounds to run when there is no validation.
        coarse: Coarse class of each class, int64 [C], for classifiers of two levels; None: to be found.
    """

    training: TrainingSet
    classes: int
    seed: int = 0
    threads: int = 1
    validation: TrainingSet | None = None
    rounds: int | None = None
    coarse: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted classifier and the epochs or rounds that served it best (None where it has none)."""

    classifier: Classifier
    rounds: int | None = None


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Normalise logits [N, C] to log-probabilities, float32 [N, C]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), dtype=np.float32)


def spread_over_classes(log_probabilities: np.ndarray, present: np.ndarray, classes: int) -> np.ndarray:
    """Give columns for the present classes their places among all classes, the others the floor.

    Args:
        log_probabilities: float [N, P].
        present: Class index of each column, int64 [P].
        classes: C.

    Returns:
        float32 [N, C], normalised.
    """
    if len(present) == classes:
        return log_softmax(log_probabilities)
    full = np.full((len(log_probabilities), classes), LOG_FLOOR, dtype=np.float32)
    full[:, present] = log_probabilities
    return log_softmax(full)


def row_weights(labels: np.ndarray, weighting: Weighting) -> np.ndarray:
    """Weights of training rows by the size of their class, mean 1, float32 [N].

    `balanced` gives every class the same total weight; `sqrt` lies halfway between that and `none`.
    """
    counts = np.bincount(labels)
    power = {"balanced": 1.0, "sqrt": 0.5, "none": 0.0}[weighting]
    weights = counts[labels] ** -power
    return np.asarray(weights / weights.mean(), dtype=np.float32)
