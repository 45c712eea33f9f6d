"""Draws the photos that benchmarks read: gradients, textures, shapes and grain, as JPEG files of 512 to 1200 px."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image, ImageDraw

SIDES = (512, 1200)
QUALITIES = (75, 95)
_TEXTURE_SIDE = 1_600
_TEXTURES = 6


def write_photos(folder: Path, count: int, *, seed: int = 0, threads: int = 2) -> list[Path]:
    """Write `count` distinct JPEG files into `folder`; the same seed draws the same files."""
    textures = [_draw_texture(np.random.default_rng([seed, number])) for number in range(_TEXTURES)]
    grain = np.random.default_rng(seed).normal(0, 1, (_TEXTURE_SIDE, _TEXTURE_SIDE)).astype(np.float32)

    def write(number: int) -> Path:
        rng = np.random.default_rng([seed, 1_000, number])
        path = folder / f"{number:06}.jpg"
        quality = int(rng.integers(QUALITIES[0], QUALITIES[1] + 1))
        pixels = draw_photo(rng, textures, grain)
        path.write_bytes(simplejpeg.encode_jpeg(pixels, quality=quality, colorsubsampling="420"))
        return path

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(write, range(count)))


def draw_photo(rng: np.random.Generator, textures: list[np.ndarray], grain: np.ndarray) -> np.ndarray:
    """Draw one picture: a tinted slope, texture on it, shapes filled with other textures, grain; uint8 [H, W, 3]."""
    height, width = (int(side) for side in rng.integers(SIDES[0], SIDES[1] + 1, 2))
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    tint, along, over = rng.uniform(-60, 60, (3, 3)).astype(np.float32)
    pixels = 128 + tint + along * down + over * across
    pixels += _patch(rng, textures, height, width)[..., None] * rng.uniform(10, 50, 3).astype(np.float32)
    for _ in range(int(rng.integers(3, 9))):
        inside = _draw_shape(rng, height, width)
        top, left, bottom, right = inside.getbbox(), 0, 0, 0
        if top is None:
            continue
        left, top, right, bottom = top
        mask = np.asarray(inside.crop((left, top, right, bottom)))[..., None] > 0
        fill = _patch(rng, textures, bottom - top, right - left)[..., None]
        colours = rng.uniform(0, 255, 3).astype(np.float32) + fill * rng.uniform(0, 40, 3).astype(np.float32)
        np.copyto(pixels[top:bottom, left:right], colours, where=mask)
    pixels += _patch(rng, [grain], height, width)[..., None] * np.float32(rng.uniform(0, 5))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _draw_shape(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Draw an ellipse, a box or a polygon as a mask `[H, W]`."""
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    y, x = rng.uniform(0.1, 0.9, 2) * (height, width)
    tall, wide = rng.uniform(0.05, 0.3, 2) * (height, width)
    kind = int(rng.integers(3))
    if kind == 0:
        pen.ellipse((x - wide, y - tall, x + wide, y + tall), fill=255)
    elif kind == 1:
        pen.rounded_rectangle((x - wide, y - tall, x + wide, y + tall), radius=min(tall, wide) / 4, fill=255)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        pen.polygon([(x + wide * np.cos(a), y + tall * np.sin(a)) for a in angles], fill=255)
    return mask


def _patch(rng: np.random.Generator, textures: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """Cut a piece `[H, W]` out of one of the textures, turned one of four ways."""
    texture = textures[int(rng.integers(len(textures)))]
    top, left = (int(rng.integers(_TEXTURE_SIDE - side + 1)) for side in (height, width))
    piece = texture[top : top + height, left : left + width]
    return piece[:: 1 - 2 * int(rng.integers(2)), :: 1 - 2 * int(rng.integers(2))]


def _draw_texture(rng: np.random.Generator) -> np.ndarray:
    """Sum noise of several sizes, as in cloth, wood or foliage; float32, mean 0, deviation 1."""
    texture = np.zeros((_TEXTURE_SIDE, _TEXTURE_SIDE), np.float32)
    steep = rng.uniform(0.3, 0.9)
    for octave in range(2, 10):
        tall, wide = 2**octave, max(2, int(2**octave * rng.uniform(0.3, 1)))
        noise = Image.fromarray(rng.normal(0, 1, (tall, wide)).astype(np.float32))
        layer = noise.resize((_TEXTURE_SIDE, _TEXTURE_SIDE), Image.Resampling.BICUBIC)
        texture += np.asarray(layer) * np.float32(2 ** (-octave * steep + 2))
    return (texture - texture.mean()) / texture.std()
