"""Linear discriminant analysis with a shrunk covariance: closed form, no iterations (Friedman, 1989)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smartprod.classifiers.base import FitRequest, Fitted, Weighting, log_softmax, spread_over_classes
from smartprod.classifiers.logit_adjustment import log_prior
from smartprod.state import State


@dataclass(frozen=True, slots=True, eq=False)
class DiscriminantClassifier:
    """A linear classifier from class means and the covariance that all classes share.

    Attributes:
        weight: float64 [P, D] for the P classes that had training rows.
        bias: float64 [P].
        present: Their class indices, int64 [P].
        classes: Number of all classes.
    """

    weight: np.ndarray
    bias: np.ndarray
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "discriminant"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        # Logits may be large and close together: float64, so that the answer does not depend on how it is summed.
        logits = embedding.astype(np.float64) @ self.weight.T + self.bias
        return spread_over_classes(log_softmax(logits), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        arrays = {"weight": self.weight, "bias": self.bias, "present": self.present}
        return State(self.kind, {"classes": self.classes}, arrays)

    @classmethod
    def from_state(cls, state: State) -> DiscriminantClassifier:
        """Build it again from its state."""
        arrays = state.arrays
        return cls(arrays["weight"], arrays["bias"], arrays["present"], int(str(state.settings["classes"])))


def fit_discriminant(request: FitRequest, *, shrinkage: float, weighting: Weighting) -> Fitted:
    """Fit class means and one covariance.

    A class with a single row has its row as mean and borrows the covariance from the others.

    Args:
        request: What to fit on.
        shrinkage: From 0 (the covariance as measured) to 1 (the same variance in all directions).
        weighting: `balanced` takes all classes for equally common, `none` for as common as in training.
    """
    from scipy.linalg import cho_factor, cho_solve

    embedding, labels = request.training.embedding, request.training.labels
    present, position = np.unique(labels, return_inverse=True)
    center = embedding.mean(axis=0, dtype=np.float64)
    centred = embedding - center.astype(np.float32)
    means = np.zeros((len(present), centred.shape[1]))
    np.add.at(means, position, centred)
    means /= np.bincount(position)[:, None]
    residual = centred - means[position].astype(np.float32)
    covariance = (residual.T @ residual / len(residual)).astype(np.float64)
    variance = float(np.trace(covariance)) / len(covariance)
    if variance <= 0:  # one row in each class: nothing is known about how rows of a class differ
        covariance, variance = np.eye(len(covariance)), 1.0
    covariance *= 1 - shrinkage
    covariance[np.diag_indices_from(covariance)] += max(shrinkage, 1e-3) * variance
    weight = cho_solve(cho_factor(covariance, overwrite_a=True), means.T).T
    prior = log_prior(position, len(present), weighting).astype(np.float64)
    bias = prior - 0.5 * (means * weight).sum(axis=1) - weight @ center
    return Fitted(DiscriminantClassifier(weight, bias, present, request.classes))
