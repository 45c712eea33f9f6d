"""Text models to train: the scale of the embedding, the classifier behind (imported only with torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from smartprod.finetuning.network import FinetuneNetwork

if TYPE_CHECKING:
    from smartprod.config.finetuning import FinetuneTextConfig
    from smartprod.encoders import TrainableTextModel


class ScaledEmbedding(nn.Module):
    """The direction of a text's embedding, scaled to the length sqrt(dim).

    Heads and neighbours later see the direction only, so that is what has to learn. At length 1, as sentence-transformers
    often end, a new classifier's logits would stay near 0 for many epochs.

    Args:
        module: Maps the tokenizer's padded tensors to embeddings.
        dim: Their length.
    """

    def __init__(self, module: nn.Module, *, dim: int) -> None:
        super().__init__()
        self.module = module
        self._length = dim**0.5

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Embeddings float32 `[B, dim]`."""
        return functional.normalize(self.module(inputs).float(), dim=1) * self._length


def build_text_network(
    opened: TrainableTextModel, config: FinetuneTextConfig, *, classes: int
) -> FinetuneNetwork:
    """Put a new classifier on a text model; its weights are drawn by torch's present seed."""
    return FinetuneNetwork(
        ScaledEmbedding(opened.module, dim=opened.dim),
        dim=opened.dim,
        classes=classes,
        hidden=config.hidden,
        dropout=config.dropout,
    )
