"""Where on the photo the category is seen: parts are covered in turn, and the model is asked again.

Occlusion (Zeiler and Fergus, 2014) needs no gradients, so that it explains every encoder and runtime as it really answers.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from smartprod.embeddings import ImageLimits, ImageProblem, decode_image
from smartprod.explanation.explanation import PhotoMap
from smartprod.explanation.variants import log_odds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from smartprod.explanation.variants import Variants

GRID = 8
_WINDOW = 2  # cells that are covered together, in both directions; each cell lies below up to four windows
_SIDE = 384
_QUALITY = 82
_RED, _BLUE = (220, 38, 38), (37, 99, 235)


def photo_map(
    variants: Variants, photo: Path, explained: int, *, limits: ImageLimits, scratch: Path
) -> PhotoMap | None:
    """Cover parts of the photo in turn; None where it cannot be read.

    Args:
        variants: The product.
        photo: Its main photo.
        explained: Class index.
        limits: Of photos.
        scratch: An empty folder for the covered photos.
    """
    try:
        pixels = decode_image(photo.read_bytes(), min_side=_SIDE, limits=limits)
    except (OSError, ImageProblem):
        return None
    pixels = _smaller(pixels)
    spans = [_cells(side) for side in pixels.shape[:2]]
    starts = [(top, left) for top in range(GRID - _WINDOW + 1) for left in range(GRID - _WINDOW + 1)]
    paths = [_write(pixels, scratch / "whole")]
    fill = pixels.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    for top, left in starts:
        covered = pixels.copy()
        rows, columns = spans[0], spans[1]
        covered[rows[top] : rows[top + _WINDOW], columns[left] : columns[left + _WINDOW]] = fill
        paths.append(_write(covered, scratch / f"{top}-{left}"))
    odds = log_odds(variants.probabilities_of_photos(paths)[:, explained])
    falls, counts = np.zeros((GRID, GRID)), np.zeros((GRID, GRID))
    for (top, left), left_over in zip(starts, odds[1:], strict=True):
        falls[top : top + _WINDOW, left : left + _WINDOW] += odds[0] - left_over
        counts[top : top + _WINDOW, left : left + _WINDOW] += 1
    weights = (falls / counts).astype(np.float32)
    return PhotoMap(_jpeg(pixels), _jpeg(_overlay(pixels, weights)), weights)


def _cells(side: int) -> list[int]:
    return np.linspace(0, side, GRID + 1).round().astype(int).tolist()


def _smaller(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    return np.asarray(image)


def _write(pixels: NDArray[np.uint8], path: Path) -> Path:
    from PIL import Image

    Image.fromarray(pixels).save(path, "BMP")  # written and read in no time, and without loss
    return path


def _overlay(pixels: NDArray[np.uint8], weights: np.ndarray) -> NDArray[np.uint8]:
    """Lay the weights over the greyed photo: red speaks for the category, blue against it."""
    from PIL import Image

    height, width = pixels.shape[:2]
    strongest = float(np.abs(weights).max()) or 1.0
    smooth = np.asarray(
        Image.fromarray(weights / strongest).resize((width, height), Image.Resampling.BICUBIC)
    ).clip(-1, 1)[..., None]
    grey = pixels.mean(axis=2, keepdims=True) * 0.55 + pixels * 0.35 + 25
    colour = np.where(smooth > 0, np.array(_RED), np.array(_BLUE))
    strength = 0.75 * np.abs(smooth)
    return (grey * (1 - strength) + colour * strength).clip(0, 255).astype(np.uint8)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    content = BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
