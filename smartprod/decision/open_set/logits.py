"""Open set by what classifiers say: max softmax on the head's answers; energy and ViM on a linear probe.

The heads answer with calibrated probabilities of mixtures, which have no logits. Energy and ViM need logits and a
linear last layer, so they fit a logistic regression of their own on the head's embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smartprod.classifiers import FitRequest, fit_logistic
from smartprod.decision.open_set.detector import subspace_dimensions
from smartprod.resampling import TrainingSet
from smartprod.state import State

_C = 30.0
_ITERATIONS = 400
_MAX_DIMENSIONS = 128
_ROWS_PER_DIMENSION = 4


@dataclass(frozen=True, slots=True)
class MaxSoftmax:
    """How unsure the head is (Hendrycks and Gimpel, 2017)."""

    kind: ClassVar[str] = "max_softmax"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """The probability of the most probable class, negated, float32 [N]."""
        del embedding
        return np.asarray(-probabilities.max(axis=1), dtype=np.float32)

    def state(self) -> State:
        """Nothing is fitted."""
        return State(self.kind)

    @classmethod
    def from_state(cls, state: State) -> MaxSoftmax:
        """Build it again from its state."""
        del state
        return cls()


@dataclass(frozen=True, slots=True, eq=False)
class Energy:
    """Free energy of a linear probe's logits, at temperature 1 (Liu et al., 2020).

    Attributes:
        weight: float32 [P, D] for the P classes that had training rows.
        bias: float32 [P].
    """

    weight: np.ndarray
    bias: np.ndarray
    kind: ClassVar[str] = "energy"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """The log of the sum of the exponentiated logits, negated, float32 [N]."""
        del probabilities
        logits = self.logits(embedding)
        top = logits.max(axis=1)
        return np.asarray(-(top + np.log(np.exp(logits - top[:, None]).sum(axis=1))), dtype=np.float32)

    def logits(self, embedding: np.ndarray) -> np.ndarray:
        """The probe's logits, float32 [N, P]."""
        return np.asarray(embedding @ self.weight.T + self.bias)

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {}, {"weight": self.weight, "bias": self.bias})

    @classmethod
    def from_state(cls, state: State) -> Energy:
        """Build it again from its state."""
        return cls(state.arrays["weight"], state.arrays["bias"])


@dataclass(frozen=True, slots=True, eq=False)
class VirtualLogit:
    """Energy, plus what of the embedding lies outside the principal subspace (ViM; Wang et al., 2022).

    Attributes:
        energy: Of the linear probe.
        origin: The embedding whose logits are all alike, float32 [D].
        components: Principal directions of the training rows around it, float32 [D, K].
        alpha: What the norm of the rest is multiplied by, so that it weighs as much as the largest logit.
    """

    energy: Energy
    origin: np.ndarray
    components: np.ndarray
    alpha: float
    kind: ClassVar[str] = "vim"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """The scaled norm of the rest, plus the energy, float32 [N]."""
        rest = _rest(embedding, self.origin, self.components)
        return np.float32(self.alpha) * rest + self.energy.score(embedding, probabilities)

    def state(self) -> State:
        """The fitted state."""
        arrays = {**self.energy.state().arrays, "origin": self.origin, "components": self.components}
        return State(self.kind, {"alpha": self.alpha}, arrays)

    @classmethod
    def from_state(cls, state: State) -> VirtualLogit:
        """Build it again from its state."""
        arrays = state.arrays
        return cls(
            Energy.from_state(state),
            arrays["origin"],
            arrays["components"],
            float(str(state.settings["alpha"])),
        )


def fit_energy(embedding: np.ndarray, labels: np.ndarray) -> Energy:
    """Fit the probe, a class-balanced logistic regression.

    Args:
        embedding: float32 [N, D], N at least 1.
        labels: Class indices, int64 [N].
    """
    request = FitRequest(TrainingSet(embedding, labels), int(labels.max()) + 1)
    probe = fit_logistic(request, C=_C, max_iterations=_ITERATIONS, weighting="balanced").classifier.state()
    return Energy(probe.arrays["weight"], probe.arrays["bias"])


def fit_virtual_logit(
    embedding: np.ndarray, labels: np.ndarray, *, smallest_fit: int | None = None
) -> VirtualLogit:
    """Fit the probe and the principal subspace.

    Args:
        embedding: float32 [N, D], N at least 1.
        labels: Class indices, int64 [N].
        smallest_fit: Rows of the smallest fit whose scores are compared with this one's; None: N.
    """
    return add_virtual_logit(fit_energy(embedding, labels), embedding, smallest_fit=smallest_fit)


def add_virtual_logit(
    energy: Energy, embedding: np.ndarray, *, smallest_fit: int | None = None
) -> VirtualLogit:
    """Fit the principal subspace to the training rows of a probe that is there already."""
    # The weights of all classes sum to zero: without a cut-off the inverse would blow up what rounding left of that.
    inverse = np.linalg.pinv(energy.weight.astype(np.float64), rcond=1e-3)
    origin = np.asarray(-inverse @ energy.bias, dtype=np.float32)
    dimensions = subspace_dimensions(
        embedding,
        smallest_fit=smallest_fit,
        rows_per_dimension=_ROWS_PER_DIMENSION,
        largest=min(_MAX_DIMENSIONS, embedding.shape[1] // 2),
    )
    centered = (embedding - origin).astype(np.float64)
    directions = np.linalg.eigh(centered.T @ centered).eigenvectors  # of ascending spread
    components = np.ascontiguousarray(directions[:, : -dimensions - 1 : -1], dtype=np.float32)
    rest = float(_rest(embedding, origin, components).mean())
    alpha = float(energy.logits(embedding).max(axis=1).mean()) / max(rest, 1e-6)
    return VirtualLogit(energy, origin, components, alpha)


def _rest(embedding: np.ndarray, origin: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Norm of the part of [N, D] - origin that lies outside the components, float32 [N]."""
    centered = embedding - origin
    squares = (centered**2).sum(axis=1) - ((centered @ components) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 0)), dtype=np.float32)
