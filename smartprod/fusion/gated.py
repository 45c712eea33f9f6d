"""Gated fusion trained on the classes, as a representation: the fused embedding before its last layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch.nn import functional

from smartprod.fusion.networks import GatedFusion
from smartprod.fusion.products import Modality, ProductEmbeddings
from smartprod.fusion.training import TrainingHistory, TrainingPlan, seeded, shuffled_batches, train_network
from smartprod.fusion.weights import arrays_of_network, weights_from_arrays
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartprod.config.learning import GatedConfig


@dataclass(frozen=True, slots=True, eq=False)
class GatedRepresentation:
    """The fused embedding of a trained gated fusion network; it needs no modality in particular.

    Attributes:
        network: The trained network.
        dim: Size of the fused embedding.
    """

    network: GatedFusion
    dim: int
    kind: ClassVar[str] = "gated"
    name: ClassVar[str] = "gated"
    requires: ClassVar[tuple[Modality, ...]] = ()

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Fuse N products, float32 [N, dim]."""
        with torch.inference_mode():
            return self.network.fuse(*_tensors(products)).numpy()

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {"dim": self.dim}, arrays_of_network(self.network))

    @classmethod
    def from_state(cls, state: State) -> GatedRepresentation:
        """Build it again from its state."""
        dim = int(str(state.settings["dim"]))
        weights = weights_from_arrays(state.arrays)
        dims = (weights["branches.0.0.weight"].shape[1], weights["branches.1.0.weight"].shape[1])
        network = GatedFusion(
            dims, dim=dim, classes=len(weights["classifier.bias"]), dropout=0.0, modality_dropout=0.0
        )
        network.load_state_dict(weights)
        return cls(network.eval(), dim)


def fit_gated(
    products: ProductEmbeddings,
    labels: np.ndarray,
    *,
    config: GatedConfig,
    seed: int,
    validation: tuple[ProductEmbeddings, np.ndarray] | None = None,
    epochs: int | None = None,
) -> tuple[GatedRepresentation, TrainingHistory]:
    """Train gated fusion with a class-weighted cross-entropy.

    Args:
        products: N training products; missing modalities are welcome.
        labels: Class indices, int64 [N].
        config: Sizes, dropout and speed.
        seed: Seed of weights, batches and dropout.
        validation: Held-out products of trained classes, and their labels; their log-loss stops the training.
        epochs: Run exactly this many epochs (used without validation).

    Returns:
        The representation and the training history.
    """
    image, text, present = _tensors(products)
    targets = torch.from_numpy(labels)
    classes = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=classes)
    # Square-root weights: between no balance, which forgets the tail, and full balance, which overfits it.
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0)
    class_weight = torch.from_numpy((weights * len(labels) / (weights * counts).sum()).astype(np.float32))
    with seeded(seed):
        network = GatedFusion(
            (image.shape[1], text.shape[1]),
            dim=config.dim,
            classes=classes,
            dropout=config.dropout,
            modality_dropout=config.modality_dropout,
        )

        def loss(batch: torch.Tensor) -> torch.Tensor:
            logits = network(image[batch], text[batch], present[batch])
            return functional.cross_entropy(logits, targets[batch], weight=class_weight)

        history = train_network(
            network,
            batches=lambda: shuffled_batches(len(labels), config.batch_size),
            loss=loss,
            plan=TrainingPlan(
                config.epochs, config.learning_rate, config.weight_decay, config.patience, stop_after=epochs
            ),
            score=None if validation is None else _validation_score(network, *validation),
        )
    return GatedRepresentation(network, config.dim), history


def _validation_score(
    network: GatedFusion, products: ProductEmbeddings, labels: np.ndarray
) -> Callable[[], float]:
    tensors, targets = _tensors(products), torch.from_numpy(labels)
    return lambda: -float(functional.cross_entropy(network(*tensors), targets))


def _tensors(products: ProductEmbeddings) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    present = np.stack([products.image.present, products.text.present], axis=1)
    image, text = (np.ascontiguousarray(each.values) for each in (products.image, products.text))
    return torch.from_numpy(image), torch.from_numpy(text), torch.from_numpy(present)
