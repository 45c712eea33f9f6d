"""One-vs-rest logistic regression: a sigmoid for every label, all fitted at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.classifiers.label_sets.base import (
    LabelFitRequest,
    balance,
    constant_logits,
    is_varied,
    sigmoid,
)
from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.classifiers.base import Weighting

_CHECKED_EVERY = 5
_TOLERANCE = 1e-3  # of the loss, in as many iterations


@dataclass(frozen=True, slots=True, eq=False)
class SigmoidLogistic:
    """A linear classifier with one sigmoid per label.

    Attributes:
        weight: float32 [K, D].
        bias: float32 [K].
    """

    weight: np.ndarray
    bias: np.ndarray
    kind: ClassVar[str] = "sigmoid-logistic"

    def probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Probability of each label on its own, float32 [N, K]."""
        return sigmoid(embedding @ self.weight.T + self.bias)

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {}, {"weight": self.weight, "bias": self.bias})

    @classmethod
    def from_state(cls, state: State) -> SigmoidLogistic:
        """Build it again from its state."""
        return cls(state.arrays["weight"], state.arrays["bias"])


def fit_sigmoid_logistic(request: LabelFitRequest, *, C: float, max_iterations: int) -> SigmoidLogistic:
    """Fit all labels together by L-BFGS, with an L2 penalty of inverse strength `C` as in scikit-learn.

    Labels do not share a parameter, so the joint minimum is that of one regression per label. A label that all
    training rows have, or none, gets its share as a constant.
    """
    embedding, targets = request.embedding, request.targets
    varied = is_varied(targets)
    weight = np.zeros((targets.shape[1], embedding.shape[1]), dtype=np.float32)
    bias = constant_logits(targets)
    if not varied.any():
        return SigmoidLogistic(weight, bias)
    center = embedding.mean(axis=0)  # an intercept is not penalised; without the mean fewer steps are needed
    axes, sizes = _principal_axes(embedding - center)
    turned = _Turned((embedding - center) @ axes, sizes, targets[:, varied])
    lines, starts = _minimise(turned, bias[varied], request.weighting, C=C, max_iterations=max_iterations)
    weight[varied] = lines @ axes.T
    bias[varied] = starts - weight[varied] @ center
    return SigmoidLogistic(weight, bias)


@dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """Training rows along their principal axes.

    Attributes:
        inputs: float32 [N, R].
        sizes: Sum of squares along each axis, float32 [R].
        targets: bool [N, P], labels that some rows have and some lack.
    """

    inputs: np.ndarray
    sizes: np.ndarray
    targets: np.ndarray


def _principal_axes(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axes along which the rows differ, float32 [D, R] with R at most min(N, D), and the sums of squares [R]."""
    rows, dim = centred.shape
    sizes, vectors = np.linalg.eigh(centred.T @ centred if dim <= rows else centred @ centred.T)
    kept = sizes > sizes[-1] * 1e-6
    sizes, vectors = sizes[kept], vectors[:, kept]
    axes = vectors if dim <= rows else centred.T @ (vectors / np.sqrt(sizes))
    return np.asarray(axes, dtype=np.float32), np.asarray(sizes, dtype=np.float32)


def _minimise(
    rows: _Turned, starts: np.ndarray, weighting: Weighting, *, C: float, max_iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the lines [P, R] and biases [P] of all labels.

    Along principal axes the curvature is known well enough to measure each coordinate in its own unit, which spares
    most of the iterations.
    """
    import torch
    from torch.nn import functional

    share = rows.targets.mean(axis=0)[:, None]
    unit = torch.from_numpy(
        1 / np.sqrt(share * (1 - share) * rows.sizes + 1 / C).astype(np.float32)
    )  # [P, R]
    inputs, wanted = torch.from_numpy(rows.inputs), torch.from_numpy(rows.targets.astype(np.float32))
    positive = torch.from_numpy(balance(rows.targets, weighting))
    steps = torch.zeros(unit.shape, requires_grad=True)
    biases = torch.from_numpy(starts.copy()).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [steps, biases], max_iter=_CHECKED_EVERY, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        lines = steps * unit
        fit = functional.binary_cross_entropy_with_logits(
            torch.addmm(biases, inputs, lines.T), wanted, pos_weight=positive, reduction="sum"
        )
        loss = (fit + lines.square().sum() / (2 * C)) / len(inputs)
        loss.backward()
        return float(loss.detach())

    before = np.inf
    for _ in range(0, max_iterations, _CHECKED_EVERY):
        loss = float(optimizer.step(closure))  # as it was before these iterations
        if before - loss < _TOLERANCE * abs(loss):
            break
        before = loss
    return (steps * unit).detach().numpy(), biases.detach().numpy()
