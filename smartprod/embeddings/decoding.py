"""From the bytes of an image file to RGB pixels, or to the reason why there are none."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from smartprod.catalog import Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sizes are checked against our own limit before a pixel is decoded; Pillow's own warning would say it twice.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_ORIENTATION = 0x0112
# Each EXIF orientation is a swap of the axes, then a flip of rows, then a flip of columns, or fewer of these.
_LYING, _UPSIDE_DOWN, _MIRRORED = {5, 6, 7, 8}, {3, 4, 7, 8}, {2, 3, 6, 7}
_QUICK_FORMATS = {"JPEG", "MPO"}
_QUICK_MODES = {"RGB", "L"}
_SIXTEEN_BIT_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}

# What Pillow's decoders raise on damaged files, beside OSError.
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is too large to decode.

    Attributes:
        megapixels: Largest width times height, in millions, as the file's header states it.
        megabytes: Largest file, in millions of bytes.
    """

    megapixels: float = 100.0
    megabytes: float = 50.0


class ImageProblem(Exception):  # noqa: N818  (a finding about one file that becomes a row's status, not a failure)
    """Why an image cannot be used.

    Attributes:
        status: `corrupt` or `too_large`; `missing` or `unreadable` where the file itself is the trouble.
        reason: In a few words.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def decode_image(data: bytes, *, min_side: int, limits: ImageLimits) -> NDArray[np.uint8]:
    """Decode the first picture of an image file, upright.

    JPEG is decoded at a reduced scale where that leaves at least twice `min_side`. Transparent pictures are laid on white,
    16-bit ones scaled to 8 bits, palettes and greys expanded.

    Args:
        data: Content of the file.
        min_side: Side in pixels that the picture will be resized to.
        limits: What to refuse before decoding.

    Returns:
        RGB, uint8 `[H, W, 3]`.

    Raises:
        ImageProblem: The file is empty, no image, truncated or damaged (`corrupt`), or `too_large`.
    """
    if not data:
        raise ImageProblem(Status.CORRUPT, "empty file")
    if len(data) > limits.megabytes * 1e6:
        raise ImageProblem(Status.TOO_LARGE, f"{len(data) / 1e6:.1f} MB, more than {limits.megabytes:g}")
    image = _open(data)
    with image:
        _check_size(image, limits)
        if image.format in _QUICK_FORMATS and image.mode in _QUICK_MODES:
            pixels = _decode_jpeg(data, min_side=min_side)
            if pixels is not None:
                return _upright(pixels, _orientation(image))
        return _decode_with_pillow(image)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data))
    except UnidentifiedImageError:
        raise ImageProblem(Status.CORRUPT, _describe_stranger(data)) from None
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        raise ImageProblem(Status.TOO_LARGE, f"more than {limit:.0f} megapixels") from None
    except _DECODER_ERRORS as error:
        raise ImageProblem(Status.CORRUPT, f"damaged header ({error})") from error


def _describe_stranger(data: bytes) -> str:
    head = data[:64].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "not an image (a web page)"
    if b"\0" not in data[:512] and data[:512].isascii():
        return "not an image (text)"
    return "not an image, or of a format that is not supported"


def _check_size(image: Image.Image, limits: ImageLimits) -> None:
    width, height = image.size
    if width * height > limits.megapixels * 1e6:
        raise ImageProblem(
            Status.TOO_LARGE,
            f"{width} x {height} is {width * height / 1e6:.0f} megapixels, more than {limits.megapixels:g}",
        )
    if width < 1 or height < 1:
        raise ImageProblem(Status.CORRUPT, f"{width} x {height} pixels")


def _decode_jpeg(data: bytes, *, min_side: int) -> NDArray[np.uint8] | None:
    """Decode a JPEG quickly; None where it is odd in some way, for Pillow to judge."""
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colorspace="RGB", min_height=2 * min_side, min_width=2 * min_side, min_factor=2
        )
    except ValueError:
        return None
    return pixels


def _decode_with_pillow(image: Image.Image) -> NDArray[np.uint8]:
    try:
        image.load()  # `verify()` passes truncated files; only decoding every pixel is a check
        upright = ImageOps.exif_transpose(image)
        return np.asarray(_to_rgb(upright), np.uint8)
    except _DECODER_ERRORS as error:
        reason = (
            "truncated" if "truncated" in str(error) or isinstance(error, EOFError) else f"damaged ({error})"
        )
        raise ImageProblem(Status.CORRUPT, reason) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES or image.mode in ("I", "F"):
        image = Image.fromarray(_to_eight_bits(np.asarray(image)))
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale greys `[H, W]` of more than 8 bits: 16-bit numbers as such, floats of 0..1, anything else by its range."""
    grey = np.nan_to_num(values.astype(np.float64))
    low, high = float(grey.min()), float(grey.max())
    if values.dtype.kind in "iu" and low >= 0 and high <= 65_535:
        low, high = 0.0, 65_535.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    return np.rint((grey - low) * (255 / (high - low))).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _DECODER_ERRORS:
        return 1  # unreadable metadata: the pixels count


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn pixels `[H, W, 3]` as the EXIF orientation (1 to 8) says."""
    if orientation in _LYING:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in _UPSIDE_DOWN:
        pixels = pixels[::-1]
    if orientation in _MIRRORED:
        pixels = pixels[:, ::-1]
    return pixels
