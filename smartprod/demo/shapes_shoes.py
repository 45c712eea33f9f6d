"""Drawings of shoes, seen from the side with the toe to the left."""

from __future__ import annotations

from random import Random

from smartprod.demo.canvas import Canvas, Paint
from smartprod.demo.outlines import Point, curve
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
    """An open sandal seen a little from above: footbed, two bands over the foot, a strap round the heel."""
    thick = rng.uniform(0.1, 0.2)
    sole = rng.choice([(196, 150, 100), (120, 84, 56), DARK])
    rise = rng.uniform(0.0, 0.22)
    near: list[Point] = [
        (-0.94, 0.4),
        (-0.45, 0.44),
        (0.1, 0.36 - rise * 0.4),
        (0.6, 0.3 - rise),
        (0.93, 0.26 - rise),
    ]
    far: list[Point] = [
        (0.97, 0.12 - rise),
        (0.6, 0.08 - rise),
        (0.1, 0.14 - rise * 0.4),
        (-0.5, 0.14),
        (-0.9, 0.24),
    ]
    below = [(x, y + thick + (rise if x > 0.5 else 0.0)) for x, y in reversed(near)]
    strap = Paint(style.main, style.finish)
    canvas.stroke(
        curve([(0.45, 0.1 - rise), (0.72, -0.28 - rise), (0.97, 0.02 - rise)], 8),
        0.08,
        Paint(darker(style.main, 0.3), "matte"),
    )
    canvas.polygon(curve(near, 6) + curve(below, 6), Paint(darker(sole, 0.2), "matte", "lying"))
    canvas.polygon(curve([*near, *far], 6, closed=True), Paint(lighter(sole, 0.28), "matte"))
    bands = [
        (-0.66, 0.36, style.main),
        (-0.2, 0.34, style.accent if style.pattern != "plain" else style.main),
    ]
    for left, high, colour in bands[: rng.choice([1, 2, 2])]:
        wide = rng.uniform(0.24, 0.34)
        band = [
            (left, 0.44), (left + 0.04, 0.34 - high * 0.5), (left + 0.16, 0.36 - high), (left + 0.16 + wide, 0.34 - high),
            (left + wide + 0.06, 0.32 - high * 0.5), (left + wide, 0.42),
        ]  # fmt: skip
        canvas.polygon(curve(band, 6, closed=True), Paint(colour, style.finish))
    high = rng.uniform(0.42, 0.56)
    heel = [
        (0.3, 0.34 - rise * 0.7),
        (0.42, -high * 0.6 - rise),
        (0.66, -high - rise * 0.6),
        (0.9, -high * 0.7 - rise),
        (0.88, 0.26 - rise),
    ]
    canvas.stroke(curve(heel, 8), rng.uniform(0.08, 0.12), strap)
    canvas.box(0.4, -high * 0.62 - rise, 0.52, -high * 0.36 - rise, Paint((205, 190, 140), "metal"), 0.02)
