"""Metric learning: a projection of the concatenated embeddings in which products of one class lie together.

Losses, miners, sampler and accuracy calculator are pytorch-metric-learning's (Musgrave et al., 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import nn

from smartprod.fusion.networks import ProjectionHead
from smartprod.fusion.products import MODALITIES, Modality, ProductEmbeddings
from smartprod.fusion.quality import JUDGED_ROWS, RANKED_ROWS, retrieval_quality, spread_evenly
from smartprod.fusion.representation import ConcatRepresentation
from smartprod.fusion.training import TrainingHistory, TrainingPlan, seeded, sized_for, train_network
from smartprod.fusion.weights import arrays_of_network, weights_from_arrays
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smartprod.config.learning import MetricLearningConfig


@dataclass(frozen=True, slots=True, eq=False)
class MetricRepresentation:
    """A trained projection of the concatenated embeddings onto the unit sphere.

    Attributes:
        concat: What is projected.
        center: Mean of the training rows, subtracted first, float32 [D].
        network: The projection.
        hidden: Size of its hidden layer.
        dim: Size of its output.
    """

    concat: ConcatRepresentation
    center: np.ndarray
    network: ProjectionHead
    hidden: int
    dim: int
    kind: ClassVar[str] = "metric"
    name: ClassVar[str] = "metric"
    requires: ClassVar[tuple[Modality, ...]] = MODALITIES

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Project N products to unit vectors, float32 [N, dim]."""
        centered = torch.from_numpy(self.concat.embed(products) - self.center)
        with torch.inference_mode():
            return self.network(centered).numpy()

    def state(self) -> State:
        """The fitted state."""
        concat = self.concat.state()
        settings = {**concat.settings, "hidden": self.hidden, "dim": self.dim}
        arrays = {**concat.arrays, "center": self.center, **arrays_of_network(self.network)}
        return State(self.kind, settings, arrays)

    @classmethod
    def from_state(cls, state: State) -> MetricRepresentation:
        """Build it again from its state."""
        center = state.arrays["center"]
        hidden, dim = int(str(state.settings["hidden"])), int(str(state.settings["dim"]))
        network = ProjectionHead(len(center), hidden=hidden, dim=dim, dropout=0.0)
        network.load_state_dict(weights_from_arrays(state.arrays))
        return cls(ConcatRepresentation.from_state(state), center, network.eval(), hidden, dim)


def fit_metric(
    concat: ConcatRepresentation,
    products: ProductEmbeddings,
    labels: np.ndarray,
    *,
    config: MetricLearningConfig,
    seed: int,
    validation: tuple[ProductEmbeddings, np.ndarray] | None = None,
    epochs: int | None = None,
) -> tuple[MetricRepresentation, TrainingHistory]:
    """Train a projection with a metric-learning loss.

    Args:
        concat: The representation to project.
        products: N training products, all with both modalities.
        labels: Class indices, int64 [N].
        config: Loss, sizes and speed.
        seed: Seed of weights, batches and dropout.
        validation: Held-out products of trained classes, and their labels; the MAP@R with which they retrieve
            training rows of their class stops the training (precision@1 is too coarse: it is often at its best
            after one epoch).
        epochs: Run exactly this many epochs (used without validation).

    Returns:
        The representation and the training history.
    """
    # Its library is slow to import, and only training needs it.
    from smartprod.fusion.metric_losses import MetricObjective

    config = sized_for(config, len(labels))
    embedding = concat.embed(products)
    center = embedding.mean(axis=0)
    inputs, targets = torch.from_numpy(embedding - center), torch.from_numpy(labels)
    with seeded(seed):
        projection = ProjectionHead(
            inputs.shape[1], hidden=config.hidden, dim=config.dim, dropout=config.dropout
        )
        objective = MetricObjective(config, classes=int(labels.max()) + 1)

        def loss(batch: torch.Tensor) -> torch.Tensor:
            value: torch.Tensor = objective(projection(inputs[batch]), targets[batch])
            return value

        score = None
        if validation is not None:
            judged = spread_evenly(len(validation[1]), JUDGED_ROWS)
            held = torch.from_numpy(concat.embed(validation[0].take(judged)) - center)
            ranked = spread_evenly(len(labels), RANKED_ROWS)
            score = _retrieval_score(projection, inputs[ranked], labels[ranked], held, validation[1][judged])
        plan = TrainingPlan(
            config.epochs, config.learning_rate, config.weight_decay, config.patience, stop_after=epochs
        )
        history = train_network(
            nn.ModuleList([projection, objective]),
            batches=lambda: _class_balanced_batches(labels, config),
            loss=loss,
            plan=plan,
            score=score,
        )
    return MetricRepresentation(concat, center, projection, config.hidden, config.dim), history


def _retrieval_score(
    projection: ProjectionHead,
    inputs: torch.Tensor,
    labels: np.ndarray,
    held: torch.Tensor,
    held_labels: np.ndarray,
) -> Callable[[], float]:
    def score() -> float:
        return retrieval_quality(
            projection(held).numpy(), held_labels, projection(inputs).numpy(), labels
        ).map_at_r

    return score


def _class_balanced_batches(labels: np.ndarray, config: MetricLearningConfig) -> Iterator[torch.Tensor]:
    """Batches with `samples_per_class` rows of each drawn class; an epoch is about as long as the data."""
    from pytorch_metric_learning.samplers import MPerClassSampler

    classes = len(np.unique(labels))
    # At least two classes in a batch, however few rows it may hold: a loss needs something to tell apart.
    per_class = min(config.samples_per_class, config.batch_size // 2)
    batch_size = per_class * min(config.batch_size // per_class, classes)
    # The sampler's own default is an epoch of 100,000 rows, whatever the size of the data.
    length = max(len(labels) // batch_size, 1) * batch_size
    sampler = MPerClassSampler(labels, per_class, batch_size=batch_size, length_before_new_iter=length)
    order = torch.as_tensor(list(sampler), dtype=torch.int64)
    yield from order.split(batch_size)
