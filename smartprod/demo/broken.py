"""Rows as they arrive in practice: files that are missing, cut off or no images, cells that are empty or wrong.

Also the files that look broken to a careless reader and are fine: CMYK, EXIF-rotated, 16-bit, transparent, very large.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

BROKEN_KINDS = (
    "missing_image_file",
    "empty_image_cell",
    "missing_text",
    "missing_both",
    "truncated_jpeg",
    "text_named_jpg",
    "zero_byte_file",
    "image_is_url",
    "markup_only",
)
KINDS_WITHOUT_IMAGE = ("empty_image_cell", "missing_both", "image_is_url")
SPECIAL_KINDS = ("cmyk", "exif_rotated", "png16", "transparent", "big")

_TEXT_FILE = (
    b"<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1>the image you asked for is gone</body></html>\n"
)
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class BrokenCells:
    """What a broken kind does to the row's cells: fields set here replace the good ones; None leaves them."""

    title: str | None = None
    description: str | None = None
    attributes: str | None = None
    image: str | None = None


def break_cells(kind: str, identity: str, markup: str) -> BrokenCells:
    """The cells that a broken kind changes (file damage is done by `damage`)."""
    if kind == "empty_image_cell":
        return BrokenCells(image="")
    if kind == "image_is_url":
        return BrokenCells(image=f"https://cdn.shop.example/media/{identity}.jpg")
    if kind == "missing_text":
        return BrokenCells(title="", description="", attributes="")
    if kind == "missing_both":
        return BrokenCells(title="", description="", attributes="", image="")
    if kind == "markup_only":
        return BrokenCells(title="", description=markup, attributes="")
    return BrokenCells()


def damage(kind: str, content: bytes) -> bytes | None:
    """The bytes of the main image file under a broken kind; None for no file at all."""
    if kind in ("missing_image_file", *KINDS_WITHOUT_IMAGE):
        return None
    if kind == "truncated_jpeg":
        return content[: len(content) * 45 // 100]
    if kind == "text_named_jpg":
        return _TEXT_FILE
    if kind == "zero_byte_file":
        return b""
    return content


def encode_special(kind: str, picture: Image.Image, mask: Image.Image) -> bytes:
    """Encode a fine picture in an unusual way.

    Args:
        kind: One of `SPECIAL_KINDS`.
        picture: RGB.
        mask: L, 255 on the product; becomes the transparency of `transparent`.
    """
    buffer = io.BytesIO()
    if kind == "cmyk":
        picture.convert("CMYK").save(buffer, "JPEG", quality=90)
    elif kind == "exif_rotated":
        exif = Image.Exif()
        exif[_ORIENTATION] = 6  # stored lying on its left side: a reader must turn it by 90 degrees clockwise
        picture.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=90, exif=exif.tobytes())
    elif kind == "png16":
        grey = np.asarray(picture.convert("L"), dtype=np.uint16) * 257
        Image.fromarray(grey).save(buffer, "PNG")
    elif kind == "transparent":
        palette = picture.quantize(255, method=Image.Quantize.MEDIANCUT)
        indices = np.asarray(palette).copy()
        indices[np.asarray(mask) < 128] = 255
        cut = Image.fromarray(indices)
        cut.putpalette([*(palette.getpalette() or [])[: 255 * 3], 0, 0, 0])
        cut.save(buffer, "PNG", transparency=255)
    else:
        picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
