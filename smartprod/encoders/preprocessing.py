"""From a decoded image to what an image model takes: resize and crop on uint8, the rest inside the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Interpolation = Literal["bilinear", "bicubic"]
Rounding = Literal["down", "half_even"]

# A centre crop keeps at most a square of the shorter side; what is far outside it need not be resized.
_LONGEST_ASPECT = 3


@dataclass(frozen=True, slots=True)
class ImagePreprocessing:
    """How an image model wants its pictures.

    Attributes:
        resize: Length in pixels to bring the shorter side to, or (height, width) whatever the proportions.
        crop: Height and width of the centre crop that follows.
        interpolation: Resampling filter, antialiased.
        mean: Per channel, subtracted from values scaled to 0..1.
        std: Per channel, divided by.
        rounding: Of a crop that cannot lie in the middle: `down` as in transformers, `half_even` as in torchvision and timm.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int]
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    rounding: Rounding = "down"

    @property
    def min_side(self) -> int:
        """The longest length that a side is brought to; a decoder may scale down to three times of it."""
        return self.resize if isinstance(self.resize, int) else max(self.resize)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and crop uint8 `[H, W, 3]` to uint8 `[3, crop height, crop width]`, contiguous."""
        import numpy as np
        import torch

        if isinstance(self.resize, int):
            image = _trim_long_side(image)
        pixels = torch.from_numpy(np.require(image, requirements=["C", "W"])).permute(2, 0, 1)[None]
        resized = torch.nn.functional.interpolate(
            pixels, size=self._resized_size(*image.shape[:2]), mode=self.interpolation, antialias=True
        )[0]
        height, width = self.crop
        top, left = self._margin(resized.shape[1] - height), self._margin(resized.shape[2] - width)
        return np.ascontiguousarray(resized[:, top : top + height, left : left + width].numpy())

    def _resized_size(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.resize, int):
            return self.resize
        short = min(height, width)
        # The longer side is cut down to whole pixels, as torchvision and transformers do: one pixel more shifts the crop.
        tall, wide = (int(self.resize * side / short) for side in (height, width))
        return max(self.crop[0], tall), max(self.crop[1], wide)

    def _margin(self, spare: int) -> int:
        return round(spare / 2) if self.rounding == "half_even" else spare // 2


def _trim_long_side(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the ends off a very long image: a line of 1 by 100,000 pixels must not grow to 256 times its size."""
    height, width = image.shape[:2]
    longest = _LONGEST_ASPECT * min(height, width)
    top, left = max(0, (height - longest) // 2), max(0, (width - longest) // 2)
    return image[top : top + min(height, longest), left : left + min(width, longest)]
