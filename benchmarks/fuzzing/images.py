"""Image files of every format and mode, drawn small, and damaged as downloads, disks and shop systems damage them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .byte_damage import BYTE_DAMAGE, flip_bits
from .case import case_random

if TYPE_CHECKING:
    import random

MODES = {
    "JPEG": ("RGB", "RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L", "1"),
    "TIFF": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "I", "F", "CMYK", "LAB"),
    "BMP": ("RGB", "L", "P", "1"),
    "MPO": ("RGB",),
    "AVIF": ("RGB", "RGBA", "L"),
    "JPEG2000": ("RGB", "RGBA", "L"),
}
_SIZES = (1, 2, 7, 16, 33, 64, 97, 160)
_LARGE_SIZES = (1, 500, 1_200)  # large enough for a reduced scale
_ORIENTATION = 0x0112
_STRANGERS = (
    b"",
    b"\0" * 500,
    b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>",
    b'{"error": "image not found"}',
    b"%PDF-1.7\n1 0 obj\n",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
    b"PK\x03\x04" + b"\0" * 60,
    b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xd9",
)


@dataclass(frozen=True, slots=True)
class ImageCase:
    """An image file.

    Attributes:
        data: Its bytes.
        told: How it was made.
        is_sound: Whether it was left as drawn, so that it has to be read.
    """

    data: bytes
    told: str
    is_sound: bool


def image_case(seed: int) -> ImageCase:
    """Draw and damage the image file of a seed."""
    chance = case_random("image", seed)
    if chance.random() < 0.02:
        return ImageCase(chance.choice(_STRANGERS), "stranger", is_sound=False)
    kind = chance.choice(list(MODES))
    data, told = draw_file(chance, kind)
    steps = chance.choice((0, 1, 1, 1, 1, 2, 3))
    for _ in range(steps):
        damage = chance.choice(_damages(kind))
        data = damage(chance, data)
        told = f"{told}, {damage.__name__}"
    return ImageCase(data, told, is_sound=steps == 0)


def draw_file(chance: random.Random, kind: str) -> tuple[bytes, str]:
    """Draw a picture in a mode that the format knows; returns the file and how it was made."""
    mode = chance.choice(MODES[kind])
    sizes = _LARGE_SIZES if chance.random() < 0.04 else _SIZES
    size = chance.choice(sizes), chance.choice(sizes)
    picture = draw_picture(chance, mode, size)
    options = _options(chance, kind, picture)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    told = f"{kind} {mode} {size[0]}x{size[1]} {' '.join(sorted(options))}".strip()
    return buffer.getvalue(), told


def draw_picture(chance: random.Random, mode: str, size: tuple[int, int]) -> Image.Image:
    """Draw slopes and grain that differ from seed to seed."""
    rng = np.random.default_rng(chance.getrandbits(64))
    down, across = np.mgrid[0 : size[1], 0 : size[0]] / max(size)
    slopes = np.stack([a * down + b * across + c for a, b, c in rng.uniform(0, 85, (3, 3))], axis=-1)
    pixels = np.clip(slopes + rng.normal(0, 8, slopes.shape), 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * chance.choice((1, 16, 257)))
    if mode == "F":
        return Image.fromarray(np.asarray(picture.convert("L"), np.float32) / chance.choice((1, 255)))
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.fromarray((rng.random(down.shape) * 255).astype(np.uint8)))
    return picture.convert(mode) if mode != "LAB" else _to_lab(picture)


def _to_lab(picture: Image.Image) -> Image.Image:
    return Image.merge("LAB", picture.split()[:3])


def _options(chance: random.Random, kind: str, picture: Image.Image) -> dict[str, object]:
    """Choose how the format is written."""
    options: dict[str, object] = _ENCODINGS[kind](chance, picture.mode) if kind in _ENCODINGS else {}
    if kind in _WITH_EXIF and chance.random() < 0.3:
        exif = Image.Exif()
        exif[_ORIENTATION] = (
            chance.randrange(1, 9) if kind == "TIFF" else chance.randrange(10)
        )  # 0 and 9 mean nothing
        options["exif"] = exif.tobytes()
    if kind in _WITH_FRAMES and picture.mode in _FRAME_MODES and chance.random() < 0.2:
        frames = [draw_picture(chance, picture.mode, picture.size) for _ in range(2)]
        options |= {"save_all": True, "append_images": frames}
    if kind in ("PNG", "GIF") and picture.mode == "P" and chance.random() < 0.5:
        options["transparency"] = chance.randrange(256)
    return options


def _jpeg_encoding(chance: random.Random, mode: str) -> dict[str, object]:
    options: dict[str, object] = {
        "quality": chance.choice((10, 75, 95)),
        "progressive": chance.random() < 0.3,
    }
    return options | ({"subsampling": chance.choice((0, 1, 2))} if mode == "RGB" else {})


def _tiff_encoding(chance: random.Random, mode: str) -> dict[str, object]:
    if chance.random() < 0.4:
        return {}
    fitting = {"1": ("group4",), "RGB": ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")}
    return {"compression": chance.choice(fitting.get(mode, ("tiff_lzw", "tiff_deflate", "packbits")))}


_ENCODINGS: dict[str, Callable[[random.Random, str], dict[str, object]]] = {
    "JPEG": _jpeg_encoding,
    "TIFF": _tiff_encoding,
    "WEBP": lambda chance, mode: {"lossless": chance.random() < 0.4},
}
_WITH_EXIF = ("JPEG", "PNG", "WEBP", "TIFF")
_WITH_FRAMES = ("GIF", "WEBP", "TIFF", "PNG", "AVIF", "MPO")
_FRAME_MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK")


def _damages(kind: str) -> tuple[Callable[[random.Random, bytes], bytes], ...]:
    by_format = {
        "PNG": (_change_png_chunks,),
        "JPEG": (_change_jpeg_segments,),
        "MPO": (_change_jpeg_segments,),
        "WEBP": (_change_webp_chunks,),
    }
    return (*BYTE_DAMAGE, splice, overwrite_size, *by_format.get(kind, ()))


def splice(chance: random.Random, data: bytes) -> bytes:
    """Go on in the middle with a file of another format."""
    other, _ = draw_file(chance, chance.choice(list(MODES)))
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other)) :]


def overwrite_size(chance: random.Random, data: bytes) -> bytes:
    """Let the header state another width and height than the file has pixels for."""
    sizes = (0, 1, 2, 500, 9_000, 30_000, 65_535)
    width, height = chance.choice(sizes), chance.choice(sizes)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
        return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
    if data[:2] == b"\xff\xd8":
        starts = [place for marker in range(0xC0, 0xC3) if (place := data.find(bytes((0xFF, marker)))) > 0]
        place = min(starts, default=len(data))
        return data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]
    if data[:3] == b"GIF":
        return data[:6] + struct.pack("<HH", width, height) + data[10:]
    if data[:2] == b"BM":
        return data[:18] + struct.pack("<ii", width, chance.choice((height, -height))) + data[26:]
    if data[:4] == b"RIFF":
        return data[:24] + struct.pack("<I", width)[:3] + struct.pack("<I", height)[:3] + data[30:]
    return _overwrite_tiff_entry(chance, data)


def _overwrite_tiff_entry(chance: random.Random, data: bytes) -> bytes:
    """Give a tag of the first directory of a little-endian TIFF another value, count or type."""
    if len(data) < 10 or data[:2] != b"II":
        return flip_bits(chance, data)
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    place = start + 2 + 12 * chance.randrange(max(1, count)) + chance.choice((2, 4, 8, 8, 8))
    number = chance.choice((0, 1, 9_000, 65_535, 0x7FFF_FFFF, 0xFFFF_FFFF))
    return data[:place] + struct.pack("<I", number) + data[place + 4 :]


def _change_png_chunks(chance: random.Random, data: bytes) -> bytes:
    """Drop, double, swap or damage chunks, with checksums that fit, so that the decoder looks inside."""
    chunks = []
    place = 8
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    changed = _change_list(chance, chunks)
    return data[:8] + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in changed
    )


def _change_jpeg_segments(chance: random.Random, data: bytes) -> bytes:
    """Drop, double, swap or damage the segments before the picture's own data."""
    segments = []
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        segments.append((data[place : place + 2], data[place + 4 : place + 2 + length]))
        place += 2 + length
    changed = _change_list(chance, segments)
    head = b"".join(
        name + struct.pack(">H", len(content[:65_000]) + 2) + content[:65_000] for name, content in changed
    )
    return data[:2] + head + data[place:]


def _change_webp_chunks(chance: random.Random, data: bytes) -> bytes:
    """Drop, double, swap or damage the chunks of a RIFF file, with a length that fits."""
    chunks = []
    place = 12
    while place + 8 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        chunks.append((data[place : place + 4], data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in _change_list(chance, chunks)
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _change_list(chance: random.Random, chunks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    if not chunks:
        return chunks
    position = chance.randrange(len(chunks))
    name, content = chunks[position]
    before, behind = chunks[:position], chunks[position + 1 :]
    match chance.randrange(5):
        case 0:
            return before + behind
        case 1:
            return [*before, chunks[position], *chunks[position:]]
        case 2:
            return [*before, *behind[:1], chunks[position], *behind[1:]]
        case 3:
            return [*before, (name, chance.choice(BYTE_DAMAGE)(chance, content)), *behind]
        case _:
            return [*before, (name, flip_bits(chance, content)), *behind]
