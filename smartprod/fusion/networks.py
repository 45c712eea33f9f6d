"""The networks of fusion: a projection head, and fusion by gates or attention (imported only with torch)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

BlockSizes = tuple[tuple[int, ...], tuple[int, ...]]
"""Sizes of the blocks of the image and of the text embedding."""
_ATTENTION_DROPOUT = 0.1


class ProjectionHead(nn.Module):
    """Project embeddings onto the unit sphere of a smaller space.

    Args:
        dim_in: Size of the embedding that comes in.
        hidden: Size of the hidden layer; 0 for a linear projection.
        dim: Size of the projected embedding.
        dropout: Dropout before the last layer.
    """

    def __init__(self, dim_in: int, *, hidden: int, dim: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if hidden:
            layers += [nn.Linear(dim_in, hidden), nn.LayerNorm(hidden), nn.GELU()]
        layers += [nn.Dropout(dropout), nn.Linear(hidden or dim_in, dim)]
        self.layers = nn.Sequential(*layers)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Map [B, dim_in] to unit vectors [B, dim]."""
        return functional.normalize(self.layers(embedding), dim=1)


class FusionNetwork(nn.Module):
    """What fusion networks share: a token for each block of embeddings, stand-ins for missing ones, a classifier.

    A learned embedding stands in for a missing modality, and whole modalities are dropped in training so that neither
    is leaned on alone. How tokens become one embedding is for the subclasses to say.

    Args:
        dims: Sizes of the blocks of the image and of the text embedding, a token each.
        dim: Size of a token and of the fused embedding.
        classes: Number of classes.
        dropout: Dropout on the fused embedding.
        modality_dropout: Chance that one of the modalities of a training row is hidden.
    """

    def __init__(
        self, dims: BlockSizes, *, dim: int, classes: int, dropout: float, modality_dropout: float
    ) -> None:
        super().__init__()
        self.dims = dims
        sizes = [size for blocks in dims for size in blocks]
        self.modality_of_token = [number for number, blocks in enumerate(dims) for _ in blocks]
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Linear(size, dim), nn.LayerNorm(dim), nn.GELU()) for size in sizes
        )
        self.missing = nn.Parameter(torch.zeros(len(sizes), dim))
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(dim, classes)
        self.modality_dropout = modality_dropout

    def _combine(self, tokens: torch.Tensor) -> torch.Tensor:
        """Make one embedding [B, dim] of [B, T, dim]."""
        raise NotImplementedError

    def fuse(self, image: torch.Tensor, text: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Fuse [B, Di] and [B, Dt] into [B, dim]; `present` is bool [B, 2]."""
        if self.training and self.modality_dropout > 0:
            present = self._hide_modalities(present)
        blocks = [*image.split(self.dims[0], dim=1), *text.split(self.dims[1], dim=1)]
        branches = [branch(block) for branch, block in zip(self.branches, blocks, strict=True)]
        tokens = torch.stack(branches, dim=1)  # [B, T, dim]
        return self._combine(
            torch.where(present[:, self.modality_of_token, None], tokens, self.missing[None])
        )

    def forward(self, image: torch.Tensor, text: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Classify: logits [B, C]."""
        return self.classifier(self.dropout(self.fuse(image, text, present)))

    def _hide_modalities(self, present: torch.Tensor) -> torch.Tensor:
        both = present.all(dim=1)
        hide = (torch.rand(len(present)) < self.modality_dropout) & both
        keep = torch.randint(0, 2, (len(present),))
        hidden = functional.one_hot(1 - keep, 2).bool() & hide[:, None]
        return present & ~hidden


class GatedFusion(FusionNetwork):
    """A gate weighs the tokens per product and dimension; after the gated multimodal unit (Arevalo et al., 2017).

    Args:
        dims: Sizes of the blocks of the image and of the text embedding, a token each.
        settings: See `FusionNetwork`.
    """

    def __init__(self, dims: BlockSizes, **settings: Any) -> None:
        super().__init__(dims, **settings)
        width = self.missing.numel()
        self.gate = nn.Linear(width, width)

    def _combine(self, tokens: torch.Tensor) -> torch.Tensor:
        gate = self.gate(tokens.flatten(1)).view_as(tokens).softmax(dim=1)
        return (gate * tokens).sum(dim=1)


class CrossAttentionFusion(FusionNetwork):
    """Tokens attend to each other and a class token gathers them: a small transformer encoder (Vaswani et al., 2017).

    Args:
        dims: Sizes of the blocks of the image and of the text embedding, a token each.
        layers: Number of transformer layers.
        heads: Attention heads of a layer; they divide `dim`.
        settings: See `FusionNetwork`.
    """

    def __init__(self, dims: BlockSizes, *, layers: int, heads: int, **settings: Any) -> None:
        super().__init__(dims, **settings)
        tokens, dim = self.missing.shape
        self.places = nn.Parameter(0.02 * torch.randn(1 + tokens, dim))  # the first one is the class token
        layer = nn.TransformerEncoderLayer(
            dim, heads, 2 * dim, _ATTENTION_DROPOUT, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, layers, norm=nn.LayerNorm(dim), enable_nested_tensor=False
        )

    def _combine(self, tokens: torch.Tensor) -> torch.Tensor:
        placed = torch.cat([self.places[:1].expand(tokens.shape[0], 1, -1), tokens + self.places[1:]], dim=1)
        fused: torch.Tensor = self.encoder(placed)[:, 0]
        return fused
