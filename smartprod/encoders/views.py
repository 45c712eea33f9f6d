"""Several views of one picture and several layers of the model in one embedding (both part of the fingerprint)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from smartprod.errors import UsageError

if TYPE_CHECKING:
    import torch

    from smartprod.encoders.preprocessing import ImagePreprocessing

Views = Literal["one", "flip", "five_crops"]
Layers = Literal["final", "several"]

_LARGER = 9 / 7
"""The picture's size in crops: lite0 resizes to 288 pixels, and crops 224 out of its corners and its middle."""

_STAGES = 3
"""Stages of the model before its final embedding that count, the last ones."""


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What the configuration says of how a picture is looked at.

    Attributes:
        views: `one`: the centre crop. `flip`: with its mirror image. `five_crops`: corners and middle at a larger size.
        layers: `final`: the model's pooled output. `several`: beside it, the pooled outputs of its last three stages.
    """

    views: Views = "one"
    layers: Layers = "final"

    def describe(self) -> list[str]:
        """What belongs into the hash of the weights; nothing for the plain case."""
        return [] if self == PictureOptions() else [self.views, self.layers, "1"]

    def preprocessing(self, plain: ImagePreprocessing) -> ImagePreprocessing:
        """How pictures are prepared: as the model wants it, or larger where several crops are cut from them."""
        if self.views != "five_crops":
            return plain
        size = (round(plain.crop[0] * _LARGER), round(plain.crop[1] * _LARGER))
        return replace(plain, resize=max(size) if isinstance(plain.resize, int) else size, crop=size)


def look_several_times(
    model: torch.nn.Module, options: PictureOptions, *, name: str, crop: tuple[int, int]
) -> torch.nn.Module:
    """Wrap a model, normalised float `[B, 3, S, S]` to `[B, D]`, so that it looks at several views or layers.

    Each layer's vector has length 1 in each view; views are averaged, and layers stand side by side, again with length 1.

    Args:
        model: Gives the pooled output.
        options: Which views and layers.
        name: The encoder, for an error.
        crop: Height and width of what the model takes.

    Raises:
        UsageError: (SP434) Several layers of a model that does not show them.
    """
    import torch
    from torch.nn.functional import normalize

    if options == PictureOptions():
        return model
    if options.layers == "several" and not hasattr(model, "forward_intermediates"):
        raise UsageError(
            "SP434",
            f"The encoder {name!r} does not show its layers; lite0 and most timm models do.",
            where="extract.layers",
            fix="Set extract.layers to final.",
        )

    class SeveralLooks(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model: Any = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            views = _cut_views(pixels, options.views, crop)
            looked = self._layers(torch.cat(views))
            merged = [_mean_of_views(normalize(layer), len(views)) for layer in looked]
            return torch.cat([normalize(layer) for layer in merged], dim=1)

        def _layers(self, pixels: torch.Tensor) -> list[torch.Tensor]:
            """Pooled outputs, the final one first, each `[V * B, d]`."""
            if options.layers == "final":
                return [self.model(pixels)]
            final, maps = self.model.forward_intermediates(pixels, indices=_STAGES)
            return [self.model.forward_head(final), *(each.mean((2, 3)) for each in maps)]

    return SeveralLooks()


def _cut_views(pixels: torch.Tensor, views: Views, crop: tuple[int, int]) -> list[torch.Tensor]:
    """Cut views of one size out of `[B, 3, H, W]`."""
    if views == "one":
        return [pixels]
    if views == "flip":
        return [pixels, pixels.flip(3)]
    tall, wide = crop
    down, right = int(pixels.shape[2]) - tall, int(pixels.shape[3]) - wide
    corners = [(down // 2, right // 2), (0, 0), (0, right), (down, 0), (down, right)]
    return [pixels[:, :, top : top + tall, left : left + wide] for top, left in corners]


def _mean_of_views(layer: torch.Tensor, views: int) -> torch.Tensor:
    """`[V * B, d]` to `[B, d]`."""
    return layer.view(views, -1, layer.shape[1]).mean(0)
