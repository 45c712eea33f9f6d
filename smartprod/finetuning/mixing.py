"""MixUp and CutMix: rows of a batch are mixed in pairs, and so are their classes (imported only with torch).

timm's class for it draws from numpy's global generator and takes batches of even length only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from smartprod.finetuning.losses import soft_targets

if TYPE_CHECKING:
    from smartprod.config.finetuning import AugmentationConfig
    from smartprod.finetuning.batches import Batch
    from smartprod.finetuning.images import Mix


@dataclass(frozen=True, slots=True)
class PhotoMixer:
    """Blends photos (MixUp: Zhang et al., 2018) or pastes a part of another one in (CutMix: Yun et al., 2019).

    Attributes:
        classes: Number of classes C.
        mixup: Alpha of the Beta distribution of MixUp's share; 0: never.
        cutmix: Alpha of that of CutMix's; 0: never.
        share: Fraction of the batches that are mixed.
    """

    classes: int
    mixup: float
    cutmix: float
    share: float = 1.0

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """Mix uint8 `[B, 3, S, S]`; the targets become shares of the classes, float32 `[B, C]`."""
        shares = soft_targets(batch.targets, self.classes)
        if rng.random() >= self.share:
            return replace(batch, targets=shares)
        partner = torch.from_numpy(rng.permutation(len(shares)))
        cuts = self.cutmix > 0 and (self.mixup == 0 or rng.random() < 0.5)
        alpha = self.cutmix if cuts else self.mixup
        own = float(rng.beta(alpha, alpha))
        mixed, own = (paste if cuts else blend)(batch.inputs, partner, own, rng)
        return replace(batch, inputs=mixed, targets=own * shares + (1 - own) * shares[partner])


def blend(
    pixels: torch.Tensor, partner: torch.Tensor, own: float, rng: np.random.Generator
) -> tuple[torch.Tensor, float]:
    """Weigh each picture by `own` and its partner by the rest."""
    del rng
    mixed = pixels.float() * own + pixels[partner].float() * (1 - own)
    return mixed.round().to(torch.uint8), own


def paste(
    pixels: torch.Tensor, partner: torch.Tensor, own: float, rng: np.random.Generator
) -> tuple[torch.Tensor, float]:
    """Paste a box of the partner into each picture; returns the share of the picture that is left, too."""
    height, width = int(pixels.shape[2]), int(pixels.shape[3])
    tall, wide = round(height * np.sqrt(1 - own)), round(width * np.sqrt(1 - own))
    middle = rng.integers(height), rng.integers(width)
    top, left = max(0, int(middle[0]) - tall // 2), max(0, int(middle[1]) - wide // 2)
    bottom, right = min(height, int(middle[0]) + tall // 2), min(width, int(middle[1]) + wide // 2)
    mixed = pixels.clone()
    mixed[:, :, top:bottom, left:right] = pixels[partner][:, :, top:bottom, left:right]
    return mixed, 1 - max(0, bottom - top) * max(0, right - left) / (height * width)


def training_mix(config: AugmentationConfig, *, classes: int) -> Mix | None:
    """Give what mixes the batches; None where nothing does."""
    if (config.mixup == 0 and config.cutmix == 0) or config.mixed_batches == 0:
        return None
    return PhotoMixer(classes, config.mixup, config.cutmix, config.mixed_batches)
