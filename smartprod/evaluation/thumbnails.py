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

QUALITY = 72
MAX_PIXELS = 100_000_000
"""Larger photos are not opened: a report must not be stopped by a decompression bomb."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A photo as a data URI, or the reason why there is none.

    Attributes:
        source: `data:image/jpeg;base64,...`, or an empty text.
        reason: Why there is no picture; empty where there is one.
    """

    source: str
    reason: str = ""


def thumbnail(images: tuple[Path, ...]) -> Thumbnail:
    """Make a thumbnail of the first readable image; say why if there is none."""
    if not images:
        return Thumbnail("", "no photo")
    reasons = []
    for path in images:
        made = _thumbnail_of(path)
        if made.source:
            return made
        reasons.append(made.reason)
    return Thumbnail("", reasons[0])


@cache
def _thumbnail_of(path: Path) -> Thumbnail:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                return Thumbnail("", "photo too large")
            image.draft("RGB", (SIZE * 2, SIZE * 2))  # JPEG: decode at a fraction of the size
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((SIZE, SIZE))
            return Thumbnail(_data_uri(_on_white(upright)))
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


def _data_uri(image: Image.Image) -> str:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
