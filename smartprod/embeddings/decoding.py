"""From the bytes of an image file to RGB pixels, or to the reason why there are none."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from smartprod.catalog import Status
from smartprod.embeddings.pixel_modes import to_rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sizes are checked against our own limit before a pixel is decoded; Pillow's own warning would say it twice.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_ORIENTATION = 0x0112
# Each EXIF orientation is a swap of the axes, then a flip of rows, then a flip of columns, or fewer of these.
_LYING, _UPSIDE_DOWN, _MIRRORED = {5, 6, 7, 8}, {3, 4, 7, 8}, {2, 3, 6, 7}
_JPEG_FORMATS = {"JPEG", "MPO"}
_QUICK_MODES = {"RGB", "L"}  # Pillow knows the colours of the others better
# Lowest cosine of lite0 to Pillow's exact path: photos of 512 to 1200 px 0.995 at twice the size, 0.999 at three times (none is
# scaled then); mosaics of 1100 to 4000 px, which have more detail than photos, 0.990 and 0.993.
_SCALE_KEPT = 3
_START_OF_SCAN = b"\xff\xda"
_MOST_SCANS = 1_000  # the two bytes also occur by chance, 15 times per megabyte, in what phones append
# What shops have. Others are parsed loosely (TGA), or by another program (EPS by Ghostscript), which a table must not start.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000")


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

    JPEG is decoded at a reduced scale where that leaves at least three times `min_side`. Transparent pictures are laid on white,
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
        if image.format in _JPEG_FORMATS:
            _check_scans(data)
            is_quick = image.mode in _QUICK_MODES
            pixels = _decode_jpeg(data, min_side=min_side, colours="RGB" if is_quick else "CMYK")
            if pixels is not None and is_quick:
                return _upright(pixels, _orientation(image))
        return _decode_with_pillow(image)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise ImageProblem(Status.CORRUPT, _describe_stranger(data)) from None
    except Exception as error:  # Pillow's plugins raise whatever the bytes lead them to
        raise _damaged(error, "damaged header") from error


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


def _check_scans(data: bytes) -> None:
    """Refuse a JPEG of very many passes over its pixels: 1,000 over 36 megapixels take 7 s, and a file may hold 30,000. Photos have up to a dozen."""
    scans = data.count(_START_OF_SCAN)
    if scans > _MOST_SCANS:
        raise ImageProblem(Status.CORRUPT, f"{scans:,} scans, more than {_MOST_SCANS:,}")


def _decode_jpeg(data: bytes, *, min_side: int, colours: str) -> NDArray[np.uint8] | None:
    """Decode a JPEG quickly; None where it is odd in some way, for Pillow to judge; a part that is missing is not."""
    least = _SCALE_KEPT * min_side
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, colorspace=colours, min_height=least, min_width=least, min_factor=2
        )
    except ValueError as error:
        if "remature end" in str(error):  # Pillow would fill what is not there with grey
            raise ImageProblem(Status.CORRUPT, "truncated") from None
        return None
    return pixels


def _decode_with_pillow(image: Image.Image) -> NDArray[np.uint8]:
    try:
        image.load()  # `verify()` passes truncated files; only decoding every pixel is a check
        return _upright(to_rgb(image), _orientation(image))
    except Exception as error:  # as above
        raise _damaged(error, "damaged") from error


def _damaged(error: Exception, told: str) -> ImageProblem:
    if isinstance(error, Image.DecompressionBombError):
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        return ImageProblem(Status.TOO_LARGE, f"more than {limit:.0f} megapixels")
    if isinstance(error, MemoryError):
        return ImageProblem(Status.TOO_LARGE, "needs more memory than there is")
    if isinstance(error, EOFError) or "truncated" in str(error):
        return ImageProblem(Status.CORRUPT, "truncated")
    return ImageProblem(Status.CORRUPT, f"{told} ({error or type(error).__name__})")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  (as above)
        return 1  # unreadable metadata: the pixels count


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn pixels `[H, W, 3]` as the EXIF orientation (1 to 8) says.

    An axis of one pixel is not turned: numpy would call the result contiguous, and torch refuse its negative stride.
    """
    if orientation in _LYING:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in _UPSIDE_DOWN and len(pixels) > 1:
        pixels = pixels[::-1]
    if orientation in _MIRRORED and pixels.shape[1] > 1:
        pixels = pixels[:, ::-1]
    return pixels
