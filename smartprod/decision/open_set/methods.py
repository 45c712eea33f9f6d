"""The open-set methods there are: how to fit one, how to load one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from smartprod.decision.open_set.detector import OpenSetDetector
from smartprod.decision.open_set.gaussian import (
    Mahalanobis,
    RelativeMahalanobis,
    fit_mahalanobis,
    fit_relative_mahalanobis,
)
from smartprod.decision.open_set.logits import (
    Energy,
    MaxSoftmax,
    VirtualLogit,
    fit_energy,
    fit_virtual_logit,
)
from smartprod.decision.open_set.neighbours import NearestNeighbours, fit_nearest_neighbours
from smartprod.errors import ModelError
from smartprod.state import State

if TYPE_CHECKING:
    import numpy as np

    from smartprod.config.learning import OpenSetConfig

_LOAD: dict[str, Callable[[State], OpenSetDetector]] = {
    RelativeMahalanobis.kind: RelativeMahalanobis.from_state,
    Mahalanobis.kind: Mahalanobis.from_state,
    NearestNeighbours.kind: NearestNeighbours.from_state,
    Energy.kind: Energy.from_state,
    VirtualLogit.kind: VirtualLogit.from_state,
    MaxSoftmax.kind: MaxSoftmax.from_state,
}


def fit_detector(
    config: OpenSetConfig, embedding: np.ndarray, labels: np.ndarray, *, smallest_fit: int | None = None
) -> OpenSetDetector:
    """Fit the detector that a configuration names; its method is not `none`.

    Args:
        config: Method and its settings.
        embedding: Of the training rows that one head can answer, float32 [N, D], N at least 1.
        labels: Class indices, int64 [N].
        smallest_fit: Rows of the smallest fit whose scores are compared with this one's; None: N.
    """
    if config.method == "max_softmax":
        return MaxSoftmax()
    if config.method == "energy":
        return fit_energy(embedding, labels)
    if config.method == "knn":
        return fit_nearest_neighbours(
            embedding, labels, neighbours=config.neighbours, rows_per_class=config.rows_per_class
        )
    if config.method == "vim":
        return fit_virtual_logit(embedding, labels, smallest_fit=smallest_fit)
    if config.method == "mahalanobis":
        return fit_mahalanobis(embedding, labels, smallest_fit=smallest_fit)
    return fit_relative_mahalanobis(embedding, labels, smallest_fit=smallest_fit)


def detector_from_state(state: State) -> OpenSetDetector:
    """Build a detector of any kind from its state.

    Raises:
        ModelError: The kind is not known to this version.
    """
    if state.kind in _LOAD:
        return _LOAD[state.kind](state)
    raise ModelError(
        "SP660",
        f"no open-set detector is called `{state.kind}`",
        fix="load the model with the version that saved it",
    )
