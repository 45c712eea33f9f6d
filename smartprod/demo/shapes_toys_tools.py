"""Drawings of toys, hand tools and the guitar (the class that is never labelled)."""

from __future__ import annotations

import math
from random import Random

from smartprod.demo.canvas import Canvas, Paint
from smartprod.demo.outlines import Point, box_points, curve, ellipse_points
from smartprod.demo.palette import DARK, STEEL, Style, darker, lighter


def toy_car(canvas: Canvas, style: Style, rng: Random) -> None:
    """A toy car from the side."""
    roof = rng.uniform(-0.5, -0.38)
    body: list[Point] = [
        (-0.95, 0.3), (-0.94, 0.08), (-0.8, -0.02), (-0.5, -0.06), (-0.3, roof), (0.3, roof), (0.55, -0.06),
        (0.9, 0.0), (0.96, 0.3), (0.0, 0.36),
    ]  # fmt: skip
    canvas.polygon(curve(body, 4, closed=True), Paint(style.main, "glossy"))
    pane = Paint((176, 206, 222), "glossy")
    canvas.polygon([(-0.4, -0.06), (-0.25, roof + 0.09), (-0.04, roof + 0.09), (-0.04, -0.06)], pane)
    canvas.polygon([(0.04, -0.06), (0.04, roof + 0.09), (0.26, roof + 0.09), (0.44, -0.06)], pane)
    canvas.stroke([(-0.9, 0.16), (0.92, 0.16)], 0.06, Paint(style.accent, "satin"))
    canvas.ellipse((-0.9, 0.12), (0.05, 0.07), Paint((250, 226, 130), form="flat"))
    for x in (-0.52, 0.52):
        canvas.ellipse((x, 0.34), (0.24, 0.24), Paint(DARK, "satin", "ball"))
        canvas.ellipse((x, 0.34), (0.12, 0.12), Paint(STEEL, "metal"))


def ball(canvas: Canvas, style: Style, rng: Random) -> None:
    """A play ball: patches, or bands of two colours."""
    canvas.ellipse((0, 0), (0.84, 0.84), Paint(style.main, "satin", "ball"))
    if rng.random() < 0.5:
        patch = Paint(style.accent, "satin")
        spots: list[tuple[float, float, float]] = [(0.0, 0.0, 0.24)]
        spots += [(0.62 * math.cos(a), 0.62 * math.sin(a), 0.15) for a in (0.3, 1.56, 2.82, 4.07, 5.33)]
        for x, y, size in spots:
            squeeze = math.sqrt(max(0.2, 1 - (x * x + y * y) / 0.75))
            turn = math.degrees(math.atan2(y, x))
            corners = ellipse_points((x, y), (size * squeeze, size), turn=turn)[::10][:5]
            canvas.polygon(corners, patch)
            canvas.stroke([(0.0, 0.0), (x, y)], 0.02, Paint(darker(style.main, 0.4), form="flat"))
    else:
        for bend in (-0.5, 0.0, 0.5):
            rib = curve([(0.0, -0.82), (bend * 1.15, -0.35), (bend * 1.3, 0.1), (0.0, 0.82)], 8)
            canvas.stroke(rib, 0.14 if bend else 0.2, Paint(style.accent, "satin", "ball"))
    canvas.ellipse((-0.3, -0.38), (0.12, 0.07), Paint(lighter(style.main, 0.6), form="flat"), -35)


def hammer(canvas: Canvas, style: Style, rng: Random) -> None:
    """A claw hammer."""
    grip = rng.choice([style.wood, style.main, DARK])
    canvas.polygon(
        [(-0.08, -0.6), (0.08, -0.6), (0.12, 0.95), (-0.12, 0.95)],
        Paint(style.wood, "satin", "round", grain="wood", grain_strength=0.05),
    )
    canvas.box(-0.13, rng.uniform(0.2, 0.5), 0.13, 0.97, Paint(grip, "matte", "round"), 0.08)
    steel = Paint(STEEL if rng.random() < 0.7 else (92, 94, 100), "metal", "lying")
    canvas.polygon(
        curve(
            [
                (0.1, -0.84),
                (0.42, -0.82),
                (0.72, -0.6),
                (0.84, -0.34),
                (0.6, -0.5),
                (0.34, -0.58),
                (0.1, -0.56),
            ],
            5,
            closed=True,
        ),
        steel,
    )
    canvas.box(-0.18, -0.88, 0.18, -0.52, steel, 0.04)
    canvas.box(-0.5, -0.82, -0.16, -0.58, steel, 0.03)
    canvas.box(-0.66, -0.88, -0.46, -0.52, steel, 0.04)


def screwdriver(canvas: Canvas, style: Style, rng: Random) -> None:
    """A screwdriver lying level: a fluted handle and a steel shaft."""
    wide = rng.uniform(0.17, 0.24)
    canvas.box(-0.15, -0.05, 0.88, 0.05, Paint(STEEL, "metal", "lying"))
    canvas.polygon(
        [(0.86, -0.07), (0.98, -0.05), (0.98, 0.05), (0.86, 0.07)],
        Paint(darker(STEEL, 0.2), "metal", "lying"),
    )
    outline = [(-0.98, 0.0), (-0.92, -wide * 0.9), (-0.6, -wide), (-0.3, -wide * 0.7), (-0.14, -wide * 0.8), (-0.1, 0.0),
               (-0.14, wide * 0.8), (-0.3, wide * 0.7), (-0.6, wide), (-0.92, wide * 0.9)]  # fmt: skip
    canvas.polygon(curve(outline, 5, closed=True), Paint(style.main, "glossy", "lying"))
    for y in (-wide * 0.5, 0.0, wide * 0.5):
        canvas.stroke([(-0.86, y), (-0.42, y)], 0.04, Paint(darker(style.main, 0.3), form="flat"))
    canvas.box(-0.3, -wide * 0.75, -0.24, wide * 0.75, Paint(style.accent, "satin", "lying"))


def guitar(canvas: Canvas, style: Style, rng: Random) -> None:
    """An acoustic guitar standing upright."""
    waist = rng.uniform(0.28, 0.34)
    body = [
        (0, -0.18),
        (0.34, -0.08),
        (waist, 0.28),
        (0.5, 0.62),
        (0.3, 0.94),
        (0, 0.98),
        (-0.3, 0.94),
        (-0.5, 0.62),
        (-waist, 0.28),
        (-0.34, -0.08),
    ]
    outline = curve(body, 6, closed=True)
    canvas.polygon(outline, Paint(darker(style.wood, 0.45), "satin"))
    canvas.polygon(
        [(x * 0.94, 0.4 + (y - 0.4) * 0.95) for x, y in outline],
        Paint(lighter(style.wood, 0.15), "glossy", grain="wood", grain_strength=0.05),
    )
    canvas.ellipse((0, 0.3), (0.15, 0.15), Paint((48, 32, 22), form="flat"))
    canvas.polygon(box_points(-0.06, -0.8, 0.06, 0.2), Paint(darker(style.wood, 0.5), "satin", "round"))
    canvas.box(
        -0.1,
        -1.0,
        0.1,
        -0.76,
        Paint(style.main if rng.random() < 0.4 else darker(style.wood, 0.4), "satin"),
        0.03,
    )
    canvas.box(-0.2, 0.68, 0.2, 0.75, Paint((48, 32, 22), "satin"))
    for x in (-0.035, 0.0, 0.035):
        canvas.stroke([(x, -0.8), (x, 0.7)], 0.009, Paint((230, 226, 214), form="flat"))
