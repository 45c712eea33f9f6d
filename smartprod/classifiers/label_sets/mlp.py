"""A neural network with one sigmoid per label (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from smartprod.classifiers.label_sets.base import LabelFitRequest, balance, sigmoid
from smartprod.classifiers.mlp import NetworkShape, build_network
from smartprod.fusion import (
    TrainingPlan,
    arrays_of_network,
    seeded,
    shuffled_batches,
    sized_for,
    train_network,
    weights_from_arrays,
)
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartprod.config.learning import MlpConfig


@dataclass(frozen=True, slots=True, eq=False)
class SigmoidMlp:
    """A fitted network with the scaling of its input.

    Attributes:
        center: Subtracted from the embedding, float32 [D].
        scale: What the embedding is then divided by.
        network: Gives logits [N, K].
    """

    center: np.ndarray
    scale: float
    network: nn.Module
    kind: ClassVar[str] = "sigmoid-mlp"

    def probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Probability of each label on its own, float32 [N, K]."""
        scaled = torch.from_numpy((embedding - self.center) / np.float32(self.scale))
        with torch.inference_mode():
            return sigmoid(self.network(scaled).numpy())

    def state(self) -> State:
        """The fitted state."""
        arrays = {"center": self.center, **arrays_of_network(self.network)}
        return State(self.kind, {"scale": self.scale}, arrays)

    @classmethod
    def from_state(cls, state: State) -> SigmoidMlp:
        """Build it again from its state."""
        weights, center = weights_from_arrays(state.arrays), state.arrays["center"]
        hidden = len(weights["0.bias"]) if "1.weight" in weights else 0
        last = max(weights, key=lambda name: int(name.partition(".")[0]))
        labels = len(weights[f"{last.partition('.')[0]}.bias"])
        shape = NetworkShape(hidden, labels, 0.0, batch_norm="1.running_mean" in weights)
        network = build_network(len(center), shape)
        network.load_state_dict(weights)
        return cls(center, float(str(state.settings["scale"])), network.eval())


def fit_sigmoid_mlp(request: LabelFitRequest, config: MlpConfig) -> tuple[SigmoidMlp, int]:
    """Train with binary cross-entropy, weighted by label; held-out rows stop it early.

    Returns:
        The classifier and the epochs that served it best.
    """
    embedding, targets = request.embedding, request.targets
    config = sized_for(config, len(targets))
    center = embedding.mean(axis=0)
    scale = max(float(embedding.std(axis=0).mean()), 1e-6)
    inputs = torch.from_numpy((embedding - center) / np.float32(scale))
    wanted = torch.from_numpy(targets.astype(np.float32))
    positive = torch.from_numpy(balance(targets, request.weighting))
    with seeded(request.seed):
        batch_norm = config.batch_norm and len(targets) > 1  # one row has no spread
        shape = NetworkShape(config.hidden, targets.shape[1], config.dropout, batch_norm)
        network = build_network(inputs.shape[1], shape)

        def loss(batch: torch.Tensor) -> torch.Tensor:
            each = functional.binary_cross_entropy_with_logits(
                network(inputs[batch]), wanted[batch], pos_weight=positive, reduction="none"
            )
            return each.sum(dim=1).mean()

        history = train_network(
            network,
            batches=lambda: shuffled_batches(len(targets), config.batch_size),
            loss=loss,
            plan=TrainingPlan(
                config.epochs,
                config.learning_rate,
                config.weight_decay,
                config.patience,
                stop_after=None if request.held_out is not None else request.rounds,
            ),
            score=_held_out_score(network, center, scale, request),
        )
    return SigmoidMlp(center, scale, network), history.best_epoch


def _held_out_score(
    network: nn.Module, center: np.ndarray, scale: float, request: LabelFitRequest
) -> Callable[[], float] | None:
    if request.held_out is None or len(request.held_out[1]) == 0:
        return None
    inputs = torch.from_numpy((request.held_out[0] - center) / np.float32(scale))
    wanted = torch.from_numpy(request.held_out[1].astype(np.float32))
    return lambda: -float(functional.binary_cross_entropy_with_logits(network(inputs), wanted))
