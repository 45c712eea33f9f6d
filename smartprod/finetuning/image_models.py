"""Image models to train: the normalisation in front, the classifier behind (imported only with torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from smartprod.finetuning.network import FinetuneNetwork

if TYPE_CHECKING:
    from smartprod.config.finetuning import FinetuneImageConfig
    from smartprod.encoders import TrainableImageModel


class Normalisation(nn.Module):
    """From uint8 `[B, 3, S, S]`, as it comes from the decoder, to what an image model takes.

    Args:
        mean: Per channel, subtracted from values scaled to 0..1.
        std: Per channel, divided by.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        deviation = torch.tensor(std).view(1, 3, 1, 1)
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("shift", torch.tensor(mean).view(1, 3, 1, 1) / deviation)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised float `[B, 3, S, S]`."""
        return pixels.float() * self.scale - self.shift


def build_image_network(
    opened: TrainableImageModel, config: FinetuneImageConfig, *, classes: int
) -> FinetuneNetwork:
    """Put a new classifier on an image model; its weights are drawn by torch's present seed."""
    network = FinetuneNetwork(
        opened.module,
        prepare=Normalisation(opened.preprocessing.mean, opened.preprocessing.std),
        dim=opened.dim,
        classes=classes,
        hidden=config.hidden,
        dropout=config.dropout,
    )
    if opened.convolutional:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
