"""Drawings of shoes, seen from the side with the toe to the left."""

from __future__ import annotations

from random import Random

from smartprod.demo.canvas import Canvas, Paint, Point, curve
from smartprod.demo.palette import DARK, Style, darker, lighter

_SOLES = ((242, 242, 238), (60, 58, 58), (196, 150, 100))


def sneaker(canvas: Canvas, style: Style, rng: Random) -> None:
    """A low laced sports shoe with a thick pale sole."""
    high = rng.uniform(0.3, 0.45)
    upper: list[Point] = [
        (-0.92, 0.32), (-0.86, 0.08), (-0.55, -0.02), (-0.2, -0.2), (0.1, -high), (0.32, -high + 0.02),
        (0.55, -high + 0.12), (0.82, -high - 0.02), (0.9, 0.05), (0.9, 0.36), (0.0, 0.4), (-0.9, 0.38),
    ]  # fmt: skip
    canvas.polygon(
        curve(upper, 5, closed=True), Paint(style.main, "fabric", grain="cloth", grain_strength=0.04)
    )
    canvas.polygon(
        curve([(-0.93, 0.34), (-0.87, 0.1), (-0.62, 0.03), (-0.52, 0.2), (-0.6, 0.38)], 5, closed=True),
        Paint(style.accent, style.finish),
    )
    canvas.polygon(
        curve([(0.62, 0.38), (0.66, 0.05), (0.8, -high + 0.06), (0.9, 0.04), (0.92, 0.38)], 5, closed=True),
        Paint(style.accent, style.finish),
    )
    opening = curve(
        [(0.14, -high), (0.36, -high + 0.1), (0.6, -high + 0.16), (0.8, -high), (0.5, -high + 0.03)],
        5,
        closed=True,
    )
    canvas.polygon(opening, Paint(darker(style.main, 0.5), form="flat"))
    mark = rng.choice(["swoosh", "bars", "disc"])
    if mark == "swoosh":
        canvas.polygon(
            curve([(-0.25, 0.22), (0.1, 0.2), (0.6, -0.08), (0.15, 0.32)], 6, closed=True),
            Paint(style.accent, "satin"),
        )
    elif mark == "bars":
        for x in (-0.05, 0.12, 0.29):
            canvas.stroke([(x, 0.3), (x + 0.12, -0.05)], 0.06, Paint(style.accent, "satin"))
    else:
        canvas.ellipse((0.35, 0.08), (0.13, 0.13), Paint(style.accent, "satin"))
    for step in range(4):
        x, y = -0.42 + step * 0.14, 0.02 - step * 0.09
        canvas.stroke([(x, y), (x + 0.14, y + 0.07)], 0.045, Paint(lighter(style.main, 0.75), form="flat"))
    sole = rng.choice(_SOLES)
    shape = [
        (-0.97, 0.4),
        (-0.9, 0.33),
        (0.0, 0.36),
        (0.92, 0.32),
        (0.97, 0.45),
        (0.9, 0.58),
        (0.0, 0.58),
        (-0.85, 0.56),
    ]
    canvas.polygon(curve(shape, 5, closed=True), Paint(sole, "satin", "lying"))
    canvas.stroke([(-0.88, 0.55), (0.9, 0.57)], 0.04, Paint(darker(sole, 0.4), form="flat"))


def boot(canvas: Canvas, style: Style, rng: Random) -> None:
    """A boot with a high shaft and a heel."""
    top = rng.uniform(-0.92, -0.72)
    heel = rng.uniform(0.08, 0.2)
    ground = 0.86
    shaft: list[Point] = [
        (-0.86, 0.66), (-0.84, 0.42), (-0.6, 0.26), (-0.2, 0.1), (-0.08, -0.2), (-0.1, top), (0.5, top),
        (0.55, -0.2), (0.6, 0.25), (0.62, 0.7), (0.0, 0.72),
    ]  # fmt: skip
    finish = rng.choice(["satin", "glossy", "matte"])
    canvas.polygon(curve(shaft, 5, closed=True), Paint(style.main, finish))
    canvas.ellipse(
        (0.2, top + 0.01), (0.3, 0.3 * canvas.tilt * 0.5 + 0.02), Paint(darker(style.main, 0.5), form="flat")
    )
    if rng.random() < 0.5:
        for step in range(6):
            y = 0.12 - step * 0.15
            canvas.stroke(
                [(-0.12, y), (0.06, y + 0.05)], 0.045, Paint(lighter(style.accent, 0.3), form="flat")
            )
    else:
        canvas.stroke(
            curve([(0.3, top + 0.06), (0.34, -0.1), (0.36, 0.2)], 6),
            0.035,
            Paint(darker(style.main, 0.45), form="flat"),
        )
        canvas.stroke([(-0.06, 0.06), (0.58, 0.16)], 0.09, Paint(darker(style.main, 0.25), "satin"))
    canvas.stroke(
        curve([(-0.2, 0.12), (0.1, 0.35), (0.05, 0.68)], 6),
        0.02,
        Paint(darker(style.main, 0.35), form="flat"),
    )
    sole = rng.choice([DARK, DARK, (196, 150, 100)])
    canvas.polygon(
        [
            (-0.9, 0.66),
            (0.64, 0.68),
            (0.64, ground),
            (0.24, ground),
            (0.2, ground - heel),
            (-0.84, ground - heel + 0.02),
        ],
        Paint(sole, "satin", "lying"),
    )


def sandal(canvas: Canvas, style: Style, rng: Random) -> None:
    """An open sandal: a sole and straps."""
    thick = rng.uniform(0.12, 0.22)
    sole = rng.choice([(196, 150, 100), (120, 84, 56), DARK])
    arch = rng.uniform(-0.2, 0.05)
    upper = [(-0.95, 0.36), (-0.4, 0.36), (0.3, 0.2 + arch * 0.5), (0.95, 0.1 + arch)]
    lower = [
        (0.98, 0.1 + arch + thick),
        (0.3, 0.24 + arch * 0.4 + thick),
        (-0.4, 0.38 + thick),
        (-0.93, 0.36 + thick * 0.8),
    ]
    canvas.polygon(curve(upper, 6) + curve(lower, 6), Paint(sole, "matte", "lying"))
    canvas.stroke(curve(upper, 6), 0.05, Paint(lighter(sole, 0.35), form="flat"))
    strap = Paint(style.main, style.finish)
    width = rng.uniform(0.12, 0.18)
    canvas.stroke(curve([(-0.72, 0.38), (-0.6, 0.04), (-0.3, -0.02), (-0.1, 0.34)], 8), width, strap)
    if rng.random() < 0.6:
        canvas.stroke(
            curve([(-0.35, 0.36), (-0.1, -0.12), (0.15, 0.26)], 8),
            width * 0.8,
            Paint(style.accent, style.finish),
        )
    canvas.stroke(curve([(0.25, 0.2), (0.5, -0.4), (0.8, -0.42), (0.88, 0.06 + arch)], 8), width * 0.8, strap)
    canvas.stroke(curve([(0.42, -0.22), (0.6, -0.3), (0.85, -0.22)], 8), width * 0.7, strap)
    canvas.box(0.56, -0.36, 0.7, -0.22, Paint((205, 190, 140), "metal"), 0.02)
