"""Fusion networks trained on the classes, as representations: the fused embedding before the last layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from smartprod.config.learning import CrossAttentionConfig
from smartprod.fusion.networks import CrossAttentionFusion, FusionNetwork, GatedFusion
from smartprod.fusion.products import Modality, ProductEmbeddings
from smartprod.fusion.training import (
    TrainingHistory,
    TrainingPlan,
    seeded,
    shuffled_batches,
    sized_for,
    train_network,
)
from smartprod.fusion.weights import arrays_of_network, weights_from_arrays
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartprod.config.learning import FusionNetworkConfig
    from smartprod.fusion.networks import BlockSizes

GATED = "gated"
CROSS_ATTENTION = "cross_attention"


@dataclass(frozen=True, slots=True, eq=False)
class FusionNetworkRepresentation:
    """The fused embedding of a trained fusion network; it needs no modality in particular.

    Attributes:
        network: The trained network.
        dim: Size of the fused embedding.
        layers: Transformer layers; 0 for gated fusion.
        heads: Attention heads of a layer; 0 for gated fusion.
    """

    network: FusionNetwork
    dim: int
    layers: int = 0
    heads: int = 0

    @property
    def kind(self) -> str:
        """`gated` or `cross_attention`."""
        return CROSS_ATTENTION if self.layers else GATED

    @property
    def name(self) -> str:
        """The same."""
        return self.kind

    @property
    def requires(self) -> tuple[Modality, ...]:
        """None: what is missing has a stand-in."""
        return ()

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Fuse N products, float32 [N, dim]."""
        with torch.inference_mode():
            return self.network.fuse(*_tensors(products)).numpy()

    def state(self) -> State:
        """The fitted state."""
        settings: dict[str, object] = {"dim": self.dim, "image_tokens": len(self.network.dims[0])}
        if self.layers:
            settings |= {"layers": self.layers, "heads": self.heads}
        return State(self.kind, settings, arrays_of_network(self.network))

    @classmethod
    def from_state(cls, state: State) -> FusionNetworkRepresentation:
        """Build it again from its state."""
        weights = weights_from_arrays(state.arrays)
        sizes = [weights[f"branches.{token}.0.weight"].shape[1] for token in range(len(weights["missing"]))]
        images, dim, layers, heads = (
            int(str(state.settings.get(name, default)))
            for name, default in (("image_tokens", 1), ("dim", 0), ("layers", 0), ("heads", 0))
        )
        dims = tuple(sizes[:images]), tuple(sizes[images:])
        classes = len(weights["classifier.bias"])
        network = _network(
            dims, layers=layers, heads=heads, dim=dim, classes=classes, dropout=0.0, modality_dropout=0.0
        )
        network.load_state_dict(weights)
        return cls(network.eval(), dim, layers, heads)


def _network(dims: BlockSizes, *, layers: int, heads: int, **settings: Any) -> FusionNetwork:
    if layers == 0:
        return GatedFusion(dims, **settings)
    return CrossAttentionFusion(dims, layers=layers, heads=heads, **settings)


def fit_fusion_network(
    products: ProductEmbeddings,
    labels: np.ndarray,
    *,
    config: FusionNetworkConfig,
    seed: int,
    validation: tuple[ProductEmbeddings, np.ndarray] | None = None,
    epochs: int | None = None,
) -> tuple[FusionNetworkRepresentation, TrainingHistory]:
    """Train a fusion network with a class-weighted cross-entropy.

    Args:
        products: N training products; missing modalities are welcome.
        labels: Class indices, int64 [N].
        config: Sizes, dropout and speed: of gated fusion, where each modality is a token, or of cross-attention, where
            each encoder's embedding is one.
        seed: Seed of weights, batches and dropout.
        validation: Held-out products of trained classes, and their labels; their log-loss stops the training.
        epochs: Run exactly this many epochs (used without validation).

    Returns:
        The representation and the training history.
    """
    config = sized_for(config, len(labels))
    image, text, present = _tensors(products)
    targets = torch.from_numpy(labels)
    classes = int(labels.max()) + 1
    class_weight = _class_weights(labels, classes)
    if isinstance(config, CrossAttentionConfig):
        dims, layers, heads = (products.image.sizes, products.text.sizes), config.layers, config.heads
    else:
        dims, layers, heads = ((image.shape[1],), (text.shape[1],)), 0, 0
    with seeded(seed):
        network = _network(
            dims,
            dim=config.dim,
            classes=classes,
            layers=layers,
            heads=heads,
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
    return FusionNetworkRepresentation(network, config.dim, layers, heads), history


def _class_weights(labels: np.ndarray, classes: int) -> torch.Tensor:
    """Square-root weights: between no balance, which forgets the tail, and full balance, which overfits it."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0)
    return torch.from_numpy((weights * len(labels) / (weights * counts).sum()).astype(np.float32))


def _validation_score(
    network: FusionNetwork, products: ProductEmbeddings, labels: np.ndarray
) -> Callable[[], float]:
    tensors, targets = _tensors(products), torch.from_numpy(labels)
    return lambda: -float(functional.cross_entropy(network(*tensors), targets))


def _tensors(products: ProductEmbeddings) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    present = np.stack([products.image.present, products.text.present], axis=1)
    image, text = (np.ascontiguousarray(each.values) for each in (products.image, products.text))
    return torch.from_numpy(image), torch.from_numpy(text), torch.from_numpy(present)
