"""Nearest class mean on the unit sphere (Snell et al., 2017): one row is enough for a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smartprod.classifiers.base import FitRequest, Fitted, log_softmax, spread_over_classes
from smartprod.state import State


@dataclass(frozen=True, slots=True, eq=False)
class PrototypeClassifier:
    """Class means of centred unit vectors; logits are cosines divided by a temperature.

    Attributes:
        center: Mean of the class means, float32 [D].
        prototypes: Unit class means, float32 [P, D].
        present: Their class indices, int64 [P].
        classes: Number of all classes.
        temperature: What cosines are divided by.
    """

    center: np.ndarray
    prototypes: np.ndarray
    present: np.ndarray
    classes: int
    temperature: float
    kind: ClassVar[str] = "prototype"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        cosine = unit(embedding - self.center) @ self.prototypes.T
        return spread_over_classes(log_softmax(cosine / self.temperature), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        arrays = {"center": self.center, "prototypes": self.prototypes, "present": self.present}
        return State(self.kind, {"classes": self.classes, "temperature": self.temperature}, arrays)

    @classmethod
    def from_state(cls, state: State) -> PrototypeClassifier:
        """Build it again from its state."""
        arrays, settings = state.arrays, state.settings
        return cls(
            arrays["center"],
            arrays["prototypes"],
            arrays["present"],
            int(str(settings["classes"])),
            float(str(settings["temperature"])),
        )


def fit_prototype(request: FitRequest, *, temperature: float) -> Fitted:
    """Take the mean of each class."""
    embedding, labels = request.training.embedding, request.training.labels
    present, position = np.unique(labels, return_inverse=True)
    center = center_of_classes(embedding, position, len(present))
    prototypes = unit(_sum_by_class(unit(embedding - center), position, len(present))).astype(np.float32)
    return Fitted(PrototypeClassifier(center, prototypes, present, request.classes, temperature))


def center_of_classes(embedding: np.ndarray, position: np.ndarray, classes: int) -> np.ndarray:
    """The mean of the class means, float32 [D]; the origin for a single class, whose rows would have no direction.

    The centre of the classes, not of the rows: a large class would lie at its own centre, in no direction (grouped
    cross-validation of the concatenation: macro-F1 0.618 instead of 0.560 on bestbuy, nowhere worse).

    Args:
        embedding: float32 [N, D].
        position: Class of each row, 0 to P - 1, int64 [N].
        classes: P; each has a row.
    """
    if classes == 1:
        return np.zeros(embedding.shape[1], dtype=np.float32)
    counts = np.bincount(position)[:, None]
    return (_sum_by_class(embedding, position, classes) / counts).mean(axis=0).astype(np.float32)


def _sum_by_class(rows: np.ndarray, position: np.ndarray, classes: int) -> np.ndarray:
    sums = np.zeros((classes, rows.shape[1]), dtype=np.float64)
    np.add.at(sums, position, rows)
    return sums


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale each row of [N, D] to length 1; rows of zeros stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
