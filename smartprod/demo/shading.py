"""Light on surfaces: a 256-step colour ramp per material and surface form.

A surface point is reduced to one number from 0 to 1 (where on the ramp it lies), so lighting an area is one table look-up.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from smartprod.demo.palette import Colour

Ramp = npt.NDArray[np.uint8]

_GLOSS = {"matte": 0.05, "satin": 0.18, "glossy": 0.5, "metal": 0.5, "glass": 0.5, "fabric": 0.0}
_STEPS = np.linspace(-1.0, 1.0, 256)


def round_ramp(colour: Colour, finish: str, light: float) -> Ramp:
    """Colours across an upright cylinder from its left edge to its right edge.

    Args:
        colour: Base colour.
        finish: matte, satin, glossy, metal, glass or fabric.
        light: Horizontal direction of the light, -1 (left) to 1 (right).

    Returns:
        uint8 `[256, 3]`.
    """
    normal = np.arcsin(np.clip(_STEPS, -0.999, 0.999))
    diffuse = np.clip(np.cos(normal - light), 0.0, 1.0)
    shade = 0.42 + 0.62 * diffuse
    if finish == "metal":
        shade = 0.62 + 0.3 * np.cos(normal * 4.2 - light * 2.0) + 0.12 * diffuse
    gloss = _GLOSS[finish] * np.exp(-(((_STEPS - np.sin(light * 0.8)) / 0.13) ** 2))
    gloss = gloss + 0.4 * _GLOSS[finish] * np.exp(-(((_STEPS + np.sign(light) * 0.84) / 0.07) ** 2))
    return _ramp(colour, shade, gloss)


def ball_ramp(colour: Colour, finish: str) -> Ramp:
    """Colours of a ball from the point nearest the light (0) to the far edge (1): uint8 `[256, 3]`."""
    distance = (_STEPS + 1.0) / 2.0
    shade = 1.1 - 0.68 * distance**1.7
    gloss = 1.3 * _GLOSS[finish] * np.exp(-((distance / 0.12) ** 2))
    return _ramp(colour, shade, gloss)


def plane_ramp(colour: Colour, finish: str) -> Ramp:
    """Colours of a flat or softly curved face from its lit side (0) to its far side (1): uint8 `[256, 3]`."""
    distance = (_STEPS + 1.0) / 2.0
    shade = 1.1 - 0.26 * distance
    if finish == "metal":
        shade = 0.88 + 0.2 * np.cos(distance * 9.0)
    gloss = 0.5 * _GLOSS[finish] * np.exp(-(((distance - 0.22) / 0.1) ** 2))
    return _ramp(colour, shade, gloss)


def _ramp(colour: Colour, shade: npt.NDArray[np.float64], gloss: npt.NDArray[np.float64]) -> Ramp:
    base = np.asarray(colour, dtype=np.float64)
    lit = base[None, :] * shade[:, None]  # [256, 3]
    lit = lit + (255.0 - lit) * np.clip(gloss, 0.0, 1.0)[:, None]
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8)


@cache
def noise_tile(kind: str) -> npt.NDArray[np.float32]:
    """A fixed 1024 x 1024 noise tile, mean 0: `grain` (white), `cloth` (weave), `wood` (long streaks), `cloud` (soft blobs)."""
    generator = np.random.default_rng(sum(kind.encode()))
    side = 1024
    if kind == "cloud":
        coarse = generator.normal(0.0, 1.0, (16, 16))
        return _stretch(coarse, side, side)
    if kind == "wood":
        streaks = _stretch(generator.normal(0.0, 1.0, (96, 10)), side, side)
        fine = _stretch(generator.normal(0.0, 0.5, (side, 24)), side, side)
        return (streaks + fine).astype(np.float32)
    white = generator.normal(0.0, 1.0, (side, side)).astype(np.float32)
    if kind == "cloth":
        rows = np.sin(np.arange(side) * 1.6)[:, None] * np.sin(np.arange(side) * 1.6)[None, :]
        return (white * 0.5 + rows).astype(np.float32)
    return white


def _stretch(coarse: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float32]:
    from PIL import Image

    image = Image.fromarray(coarse.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def noise_window(kind: str, height: int, width: int, offset: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A window of a noise tile, `[height, width]`, both at most 1024 pixels."""
    tile = noise_tile(kind)
    top = offset[0] % max(1, tile.shape[0] - height)
    left = offset[1] % max(1, tile.shape[1] - width)
    return tile[top : top + height, left : left + width]
