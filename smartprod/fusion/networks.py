"""The networks of fusion: a projection head, and gated fusion of two modalities (imported only with torch)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


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


class GatedFusion(nn.Module):
    """Fuse image and text by a learned gate; a learned embedding stands in for a missing modality.

    After the gated multimodal unit (Arevalo et al., 2017), with whole modalities dropped in training so that
    neither is leaned on alone.

    Args:
        dims: Sizes of the image and the text embedding.
        dim: Size of the fused embedding.
        classes: Number of classes.
        dropout: Dropout on the fused embedding.
        modality_dropout: Chance that one of the modalities of a training row is hidden.
    """

    def __init__(
        self, dims: tuple[int, int], *, dim: int, classes: int, dropout: float, modality_dropout: float
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Linear(size, dim), nn.LayerNorm(dim), nn.GELU()) for size in dims
        )
        self.missing = nn.Parameter(torch.zeros(2, dim))
        self.gate = nn.Linear(2 * dim, 2 * dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(dim, classes)
        self.modality_dropout = modality_dropout

    def fuse(self, image: torch.Tensor, text: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Fuse [B, Di] and [B, Dt] into [B, dim]; `present` is bool [B, 2]."""
        if self.training and self.modality_dropout > 0:
            present = self._hide_modalities(present)
        branches = [branch(block) for branch, block in zip(self.branches, (image, text), strict=True)]
        hidden = torch.stack(branches, dim=1)  # [B, 2, dim]
        hidden = torch.where(present[:, :, None], hidden, self.missing[None])
        gate = self.gate(hidden.flatten(1)).view_as(hidden).softmax(dim=1)
        return (gate * hidden).sum(dim=1)

    def forward(self, image: torch.Tensor, text: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Classify: logits [B, C]."""
        return self.classifier(self.dropout(self.fuse(image, text, present)))

    def _hide_modalities(self, present: torch.Tensor) -> torch.Tensor:
        both = present.all(dim=1)
        hide = (torch.rand(len(present)) < self.modality_dropout) & both
        keep = torch.randint(0, 2, (len(present),))
        hidden = functional.one_hot(1 - keep, 2).bool() & hide[:, None]
        return present & ~hidden
