"""Multinomial logistic regression (scikit-learn, L-BFGS), kept as plain arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smartprod.classifiers.base import (
    FitRequest,
    Fitted,
    Weighting,
    log_softmax,
    row_weights,
    spread_over_classes,
)
from smartprod.state import State


@dataclass(frozen=True, slots=True, eq=False)
class LogisticClassifier:
    """A linear classifier.

    Attributes:
        weight: float32 [P, D] for the P classes that had training rows.
        bias: float32 [P].
        present: Their class indices, int64 [P].
        classes: Number of all classes.
    """

    weight: np.ndarray
    bias: np.ndarray
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "logistic"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        return spread_over_classes(
            log_softmax(embedding @ self.weight.T + self.bias), self.present, self.classes
        )

    def state(self) -> State:
        """The fitted state."""
        arrays = {"weight": self.weight, "bias": self.bias, "present": self.present}
        return State(self.kind, {"classes": self.classes}, arrays)

    @classmethod
    def from_state(cls, state: State) -> LogisticClassifier:
        """Build it again from its state."""
        arrays = state.arrays
        return cls(arrays["weight"], arrays["bias"], arrays["present"], int(str(state.settings["classes"])))


def fit_logistic(request: FitRequest, *, C: float, max_iterations: int, weighting: Weighting) -> Fitted:
    """Fit with an L2 penalty of inverse strength `C`; float32 throughout, twice as fast as float64."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    embedding, labels = request.training.embedding, request.training.labels
    present = np.unique(labels)
    if len(present) == 1:
        zeros = np.zeros((1, embedding.shape[1] + 1), dtype=np.float32)
        return Fitted(LogisticClassifier(zeros[:, 1:], zeros[:, 0], present, request.classes))
    # An intercept is not penalised, so the mean is taken out: L-BFGS then needs fewer steps.
    center = embedding.mean(axis=0)
    model = LogisticRegression(C=C, max_iter=max_iterations)
    with warnings.catch_warnings():
        # A fit that stopped early, or many classes of one row, is judged by its held-out answers like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        model.fit(embedding - center, labels, sample_weight=row_weights(labels, weighting))
    weight: np.ndarray = model.coef_
    bias: np.ndarray = model.intercept_
    if len(present) == 2:  # scikit-learn keeps one line for two classes
        weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    bias = bias - weight @ center
    return Fitted(
        LogisticClassifier(weight.astype(np.float32), bias.astype(np.float32), present, request.classes)
    )
