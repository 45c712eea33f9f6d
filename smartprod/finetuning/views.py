"""How a photo is looked at in training: a random part of it, mirrored half of the time, and whatever is named beside."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

Change = Callable[["NDArray[np.uint8]", np.random.Generator], "NDArray[np.uint8]"]
"""Changes a photo uint8 `[H, W, 3]`."""

_TRIES = 10


@dataclass(frozen=True, slots=True)
class RandomView:
    """A random part of a photo, resized to a square (Szegedy et al., 2015), mirrored half of the time.

    Attributes:
        size: Side of the result in pixels.
        interpolation: Resampling filter, antialiased.
        least: Smallest share of the photo's area that is kept.
        aspect: Most that its proportions change.
        mirror: Whether it is mirrored half of the time.
        changes: Done to the part before it is resized.
    """

    size: int
    interpolation: Literal["bilinear", "bicubic"]
    least: float = 0.5
    aspect: float = 4 / 3
    mirror: bool = True
    changes: tuple[Change, ...] = ()

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Look at a photo uint8 `[H, W, 3]`; gives uint8 `[3, size, size]`."""
        top, left, height, width = self._draw_part(image.shape[0], image.shape[1], rng)
        part = image[top : top + height, left : left + width]
        if self.mirror and rng.random() < 0.5:
            part = part[:, ::-1]
        for change in self.changes:
            part = change(part, rng)
        pixels = torch.from_numpy(np.require(part, requirements=["C", "W"])).permute(2, 0, 1)[None]
        resized = torch.nn.functional.interpolate(
            pixels, size=(self.size, self.size), mode=self.interpolation, antialias=True
        )[0]
        return np.ascontiguousarray(resized.numpy())

    def _draw_part(self, height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        for _ in range(_TRIES):
            area = height * width * rng.uniform(self.least, 1.0)
            ratio = math.exp(rng.uniform(-math.log(self.aspect), math.log(self.aspect)))
            wide, tall = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < wide <= width and 0 < tall <= height:
                top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
                return int(top), int(left), tall, wide
        side = min(height, width)
        return (height - side) // 2, (width - side) // 2, side, side
