"""A picture of any mode to RGB, strip by strip, so that a large one does not stand in memory several times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_STRIP_PIXELS = 1 << 22
_DEEP_MODES = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Convert a loaded picture to RGB, uint8 `[H, W, 3]`.

    Transparent pictures are laid on white, greys of more than 8 bits scaled to 8, palettes and greys expanded.
    """
    is_deep = image.mode in _DEEP_MODES
    low, high = _grey_range(image) if is_deep else (0.0, 0.0)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top, strip in _strips(image):
        shallow = Image.fromarray(_to_eight_bits(np.asarray(strip), low, high)) if is_deep else strip
        pixels[top : top + strip.height] = np.asarray(_on_white(shallow))
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    if rows >= height:
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _grey_range(image: Image.Image) -> tuple[float, float]:
    """Say which greys are black and white: 16-bit numbers as such, floats of 0..1 or 0..255, or else the range there is."""
    ranges = []
    kind = "f"
    for _, strip in _strips(image):
        values = np.asarray(strip)
        kind = values.dtype.kind
        finite = values[np.isfinite(values)]
        if finite.size:
            ranges.append((float(finite.min()), float(finite.max())))
    low, high = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else (0.0, 0.0)
    if kind in "iu" and low >= 0 and high <= 65_535:
        return 0.0, 65_535.0
    for white in (1.0, 255.0) if low >= 0 else ():
        if high <= white:
            return 0.0, white
    return low, high


def _to_eight_bits(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    """Scale greys `[H, W]` from `low`..`high` to 0..255; what is no number counts as `low`."""
    grey = np.clip(np.nan_to_num(values.astype(np.float64), nan=low), low, high)
    span = high - low or 1.0  # a picture of one grey
    return np.rint((grey - low) * (255 / span)).astype(np.uint8)
