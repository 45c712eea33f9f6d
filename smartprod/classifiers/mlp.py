"""A neural classifier: one hidden layer with layer norm and dropout (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import nn

from smartprod.classifiers.base import (
    FitRequest,
    Fitted,
    Weighting,
    log_softmax,
    row_weights,
    spread_over_classes,
)
from smartprod.classifiers.logit_adjustment import log_prior
from smartprod.classifiers.mlp_training import epoch_batches, row_loss
from smartprod.fusion import (
    TrainingPlan,
    arrays_of_network,
    seeded,
    sized_for,
    train_network,
    weights_from_arrays,
)
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartprod.config.learning import MlpConfig


@dataclass(frozen=True, slots=True, eq=False)
class MlpClassifier:
    """A fitted network with the scaling of its input.

    Attributes:
        center: Subtracted from the embedding, float32 [D].
        scale: What the embedding is then divided by.
        network: Gives logits [N, P].
        present: Class indices of the logits, int64 [P].
        classes: Number of all classes.
    """

    center: np.ndarray
    scale: float
    network: nn.Module
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "mlp"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        scaled = torch.from_numpy((embedding - self.center) / np.float32(self.scale))
        with torch.inference_mode():
            logits = self.network(scaled).numpy()
        return spread_over_classes(log_softmax(logits), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        arrays = {"center": self.center, "present": self.present, **arrays_of_network(self.network)}
        return State(self.kind, {"classes": self.classes, "scale": self.scale}, arrays)

    @classmethod
    def from_state(cls, state: State) -> MlpClassifier:
        """Build it again from its state."""
        weights = weights_from_arrays(state.arrays)
        center, present = state.arrays["center"], state.arrays["present"]
        hidden = len(weights["0.bias"]) if "1.weight" in weights else 0
        shape = NetworkShape(hidden, len(present), 0.0, batch_norm="1.running_mean" in weights)
        network = build_network(len(center), shape)
        network.load_state_dict(weights)
        settings = state.settings
        return cls(
            center, float(str(settings["scale"])), network.eval(), present, int(str(settings["classes"]))
        )


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """What a network looks like.

    Attributes:
        hidden: Width of the hidden layer; 0: a linear network.
        classes: Length of its logits.
        dropout: Fraction of hidden units left out in training.
        batch_norm: Whether hidden units are normalised over the batch instead of over the units of each row.
    """

    hidden: int
    classes: int
    dropout: float
    batch_norm: bool = False


def build_network(dim: int, shape: NetworkShape) -> nn.Sequential:
    """Build a network from [N, dim] to logits [N, classes]."""
    hidden = shape.hidden
    if hidden == 0:
        return nn.Sequential(nn.Linear(dim, shape.classes))
    return nn.Sequential(
        nn.Linear(dim, hidden),
        nn.BatchNorm1d(hidden) if shape.batch_norm else nn.LayerNorm(hidden),
        nn.GELU(),
        nn.Dropout(shape.dropout),
        nn.Linear(hidden, shape.classes),
    )


def fit_mlp(request: FitRequest, config: MlpConfig, *, weighting: Weighting, tau: float = 1.0) -> Fitted:
    """Train with the configured loss, all classes at once or head then tail; the validation log-loss stops it early.

    Rows weigh by the size of their class, unless they are drawn by it or the loss makes up for it.

    Args:
        request: What to fit on.
        config: Size of the network, loss and speed.
        weighting: How rows of small classes weigh.
        tau: Strength of the loss `logit_adjusted`.
    """
    head_classes = config.head_classes
    if head_classes is not None and head_classes < len(np.unique(request.training.labels)):
        from smartprod.classifiers.head_tail import fit_head_then_tail

        return fit_head_then_tail(
            request, config, lambda head: _fit_at_once(head, config, weighting=weighting, tau=tau)
        )
    return _fit_at_once(request, config, weighting=weighting, tau=tau)


def _fit_at_once(request: FitRequest, config: MlpConfig, *, weighting: Weighting, tau: float) -> Fitted:
    embedding, labels = request.training.embedding, request.training.labels
    config = sized_for(config, len(labels))
    present, positions = np.unique(labels, return_inverse=True)
    center = embedding.mean(axis=0)
    scale = max(float(embedding.std(axis=0).mean()), 1e-6)
    inputs = torch.from_numpy((embedding - center) / np.float32(scale))
    targets = torch.from_numpy(positions.astype(np.int64))
    weights = torch.from_numpy(row_weights(labels, mlp_weighting(config, weighting)))
    prior = torch.from_numpy(log_prior(positions, len(present), "none"))
    each_row = row_loss(config, log_prior=prior, tau=tau)
    with seeded(request.seed):
        batch_norm = config.batch_norm and len(labels) > 1  # one row has no spread
        shape = NetworkShape(config.hidden, len(present), config.dropout, batch_norm)
        network = build_network(inputs.shape[1], shape)
        classifier = MlpClassifier(center, scale, network, present, request.classes)

        def loss(batch: torch.Tensor) -> torch.Tensor:
            return (each_row(network(inputs[batch]), targets[batch]) * weights[batch]).mean()

        history = train_network(
            network,
            batches=lambda: epoch_batches(labels, config),
            loss=loss,
            plan=TrainingPlan(
                config.epochs,
                config.learning_rate,
                config.weight_decay,
                config.patience,
                stop_after=None if request.validation is not None else request.rounds,
            ),
            score=_validation_score(classifier, request),
        )
    return Fitted(classifier, history.best_epoch)


def mlp_weighting(config: MlpConfig, weighting: Weighting) -> Weighting:
    """How rows weigh in the loss: not at all where sampling or the loss itself deals with small classes."""
    return weighting if config.sampling == "rows" and config.loss != "logit_adjusted" else "none"


def _validation_score(classifier: MlpClassifier, request: FitRequest) -> Callable[[], float] | None:
    if request.validation is None:
        return None
    known = np.isin(request.validation.labels, classifier.present)
    embedding, labels = request.validation.embedding[known], request.validation.labels[known]
    if len(labels) == 0:
        return None
    return lambda: float(classifier.log_probabilities(embedding)[np.arange(len(labels)), labels].mean())
