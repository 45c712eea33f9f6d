"""Example photos small enough to live inside the report."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZE = 128
"""Longer side in pixels."""

LARGE_SIZE = 480
"""The same for a photo that a person judges."""

SMALL_SIZE = 72
"""The same for a photo that a pointer brings up, of which a page has thousands."""

QUALITY = 70
SMALL_QUALITY = 45
MAX_PIXELS = 100_000_000
"""Larger photos are not opened: a report must not be stopped by a decompression bomb."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A photo as a data URI, or the reason why there is none.

    Attributes:
        source: `data:image/webp;base64,...`, or an empty text.
        reason: Why there is no picture; empty where there is one.
    """

    source: str
    reason: str = ""


def thumbnail(images: tuple[Path, ...]) -> Thumbnail:
    """Make a thumbnail of the first readable image; say why if there is none."""
    return _first_readable(images, SIZE, QUALITY)


def small_thumbnail(images: tuple[Path, ...]) -> Thumbnail:
    """Make a small thumbnail of the first readable image, a kilobyte or so."""
    return _first_readable(images, SMALL_SIZE, SMALL_QUALITY)


def large_thumbnail(images: tuple[Path, ...]) -> Thumbnail:
    """Make a thumbnail of the first readable image that is large enough to judge a product by."""
    return _first_readable(images, LARGE_SIZE, QUALITY)


def _first_readable(images: tuple[Path, ...], size: int, quality: int) -> Thumbnail:
    reasons = []
    for path in images:
        made = _thumbnail_of(path, size, quality)
        if made.source:
            return made
        reasons.append(made.reason)
    return Thumbnail("", reasons[0] if reasons else "no photo")


@cache
def _thumbnail_of(path: Path, size: int, quality: int) -> Thumbnail:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return Thumbnail("", "photo too large")
            image.draft("RGB", (size * 2, size * 2))  # JPEG: decode at a fraction of the size
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((size, size))
            return Thumbnail(_data_uri(_on_white(upright), quality))
    except FileNotFoundError:
        return Thumbnail("", "photo file missing")
    except UnidentifiedImageError:
        return Thumbnail("", "not an image")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Thumbnail("", "photo corrupt")


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode == "RGB":
        return image
    with_alpha = image.convert("RGBA")
    ground = Image.new("RGB", with_alpha.size, "white")
    ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return ground


def _data_uri(image: Image.Image, quality: int) -> str:
    """WebP: half of a JPEG's size where the photo is small, for it has no tables to carry."""
    stream = BytesIO()
    image.save(stream, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
