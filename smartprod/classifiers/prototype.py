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
        center: Mean of the training rows, float32 [D].
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
        cosine = _unit(embedding - self.center) @ self.prototypes.T
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
    center = embedding.mean(axis=0) if len(present) > 1 else np.zeros(embedding.shape[1], np.float32)
    sums = np.zeros((len(present), embedding.shape[1]), dtype=np.float64)
    np.add.at(sums, position, _unit(embedding - center))
    prototypes = _unit(sums).astype(np.float32)
    return Fitted(
        PrototypeClassifier(center.astype(np.float32), prototypes, present, request.classes, temperature)
    )


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
