"""Drawings of watches, bags, caps and sunglasses."""

from __future__ import annotations

import math
from random import Random

from smartprod.demo.canvas import Canvas, Paint
from smartprod.demo.outlines import Point, box_points, curve, ellipse_points
from smartprod.demo.palette import BRASS, DARK, STEEL, Style, darker, lighter


def watch(canvas: Canvas, style: Style, rng: Random) -> None:
    """A wrist watch laid flat: strap above and below a case with hands."""
    case = rng.choice([STEEL, BRASS, DARK])
    wide = rng.uniform(0.22, 0.3)
    radius = rng.uniform(0.42, 0.52)
    strap = Paint(style.main, style.finish, "round")
    for sign in (-1, 1):
        canvas.polygon(
            [(-wide, sign * 0.3), (wide, sign * 0.3), (wide * 0.8, sign * 0.98), (-wide * 0.8, sign * 0.98)],
            strap,
        )
        if sign > 0:
            for y in (0.7, 0.8, 0.9):
                canvas.ellipse((0, y), (0.03, 0.02), Paint(darker(style.main, 0.6), form="flat"))
        else:
            canvas.box(-wide * 0.95, -0.98, wide * 0.95, -0.88, Paint(case, "metal"), 0.02)
    canvas.box(radius * 0.95, -0.06, radius + 0.1, 0.06, Paint(case, "metal", "lying"), 0.02)
    dial = rng.choice([(246, 246, 242), DARK, lighter(style.accent, 0.2)])
    ink = Paint((30, 30, 34) if sum(dial) > 380 else (240, 240, 240), form="flat")
    if rng.random() < 0.75:
        canvas.ellipse((0, 0), (radius, radius), Paint(case, "metal"))
        canvas.ellipse((0, 0), (radius * 0.84, radius * 0.84), Paint(dial, "glossy"))
    else:
        canvas.box(-radius * 0.85, -radius, radius * 0.85, radius, Paint(case, "metal"), 0.14)
        canvas.box(-radius * 0.7, -radius * 0.84, radius * 0.7, radius * 0.84, Paint(dial, "glossy"), 0.1)
    for hour in range(0, 12):
        angle = math.radians(30 * hour)
        reach = radius * 0.64
        canvas.ellipse((reach * math.sin(angle), -reach * math.cos(angle)), (0.022, 0.022), ink)
    for length, angle in ((0.45, rng.uniform(0, 6.2)), (0.6, rng.uniform(0, 6.2))):
        canvas.stroke(
            [(0, 0), (radius * length * math.sin(angle), -radius * length * math.cos(angle))], 0.035, ink
        )


def handbag(canvas: Canvas, style: Style, rng: Random) -> None:
    """A handbag with an arched handle and a flap or a zip."""
    flare = rng.uniform(0.0, 0.14)
    top = rng.uniform(-0.22, -0.08)
    rise = rng.uniform(0.5, 0.7)
    handle = Paint(darker(style.main, 0.22), "satin")
    canvas.stroke(
        curve(
            [
                (-0.42, top + 0.06),
                (-0.36, top - rise * 0.8),
                (0.0, top - rise),
                (0.36, top - rise * 0.8),
                (0.42, top + 0.06),
            ],
            8,
        ),
        0.075,
        handle,
    )
    body = [
        (-0.78 + flare, top),
        (0.78 - flare, top),
        (0.86, 0.72),
        (0.74, 0.82),
        (-0.74, 0.82),
        (-0.86, 0.72),
    ]
    canvas.polygon(
        curve(body, 3, closed=True), Paint(style.main, style.finish, grain="grain", grain_strength=0.03)
    )
    if rng.random() < 0.6:
        low = top + rng.uniform(0.4, 0.55)
        flap = [
            (-0.8 + flare, top - 0.02),
            (0.8 - flare, top - 0.02),
            (0.74, low - 0.1),
            (0.0, low + 0.08),
            (-0.74, low - 0.1),
        ]
        canvas.polygon(curve(flap, 3, closed=True), Paint(lighter(style.main, 0.1), style.finish))
        canvas.stroke(
            [(-0.72, low - 0.08), (0.0, low + 0.08), (0.72, low - 0.08)],
            0.018,
            Paint(darker(style.main, 0.4), form="flat"),
        )
        canvas.box(-0.09, low - 0.06, 0.09, low + 0.12, Paint(BRASS, "metal"), 0.03)
    else:
        canvas.stroke([(-0.7, top + 0.1), (0.7, top + 0.1)], 0.03, Paint(BRASS, "metal", "lying"))
        canvas.box(-0.5, 0.2, 0.5, 0.66, Paint(style.accent, style.finish), 0.08)
    for x in (-0.42, 0.42):
        canvas.ellipse((x, top + 0.05), (0.05, 0.05), Paint(BRASS, "metal", "ball"))


def backpack(canvas: Canvas, style: Style, rng: Random) -> None:
    """A backpack from the front: rounded body, front pocket, straps at the sides, a loop on top."""
    wide = rng.uniform(0.56, 0.66)
    strap = Paint(darker(style.main, 0.35), "fabric")
    for sign in (-1, 1):
        canvas.stroke(
            curve(
                [
                    (sign * wide * 0.6, -0.7),
                    (sign * (wide + 0.2), -0.35),
                    (sign * (wide + 0.18), 0.35),
                    (sign * wide * 0.9, 0.7),
                ],
                8,
            ),
            0.11,
            strap,
        )
    canvas.stroke(curve([(-0.15, -0.82), (-0.12, -0.98), (0.12, -0.98), (0.15, -0.82)], 6), 0.06, strap)
    cloth = Paint(style.main, "fabric", "round", grain="cloth", grain_strength=0.04)
    body = [
        (-wide, 0.86),
        (-wide * 1.04, 0.0),
        (-wide * 0.9, -0.62),
        (0.0, -0.9),
        (wide * 0.9, -0.62),
        (wide * 1.04, 0.0),
        (wide, 0.86),
        (0.0, 0.92),
    ]
    canvas.polygon(curve(body, 5, closed=True), cloth)
    canvas.stroke(
        curve(
            [
                (-wide * 0.85, -0.2),
                (-wide * 0.7, -0.6),
                (0.0, -0.74),
                (wide * 0.7, -0.6),
                (wide * 0.85, -0.2),
            ],
            8,
        ),
        0.03,
        Paint(darker(style.main, 0.5), form="flat"),
    )
    low = rng.uniform(-0.02, 0.15)
    pocket = Paint(
        style.accent if style.pattern == "two-tone" else lighter(style.main, 0.1), "fabric", "round"
    )
    canvas.box(-wide * 0.72, low, wide * 0.72, 0.78, pocket, 0.1)
    canvas.stroke(
        [(-wide * 0.6, low + 0.12), (wide * 0.6, low + 0.12)],
        0.03,
        Paint(darker(style.main, 0.5), form="flat"),
    )
    canvas.box(-0.05, low + 0.1, 0.0, low + 0.26, Paint(STEEL, "metal"), 0.01)
    if rng.random() < 0.5:
        canvas.box(-0.12, -0.4, 0.12, -0.24, Paint(style.accent, "satin"), 0.03)


def cap(canvas: Canvas, style: Style, rng: Random) -> None:
    """A baseball cap seen from the side, peak to the left."""
    high = rng.uniform(0.62, 0.78)
    dome: list[Point] = [
        (-0.42, 0.3),
        (-0.38, -0.2),
        (-0.1, -high + 0.1),
        (0.3, -high + 0.08),
        (0.66, -0.2),
        (0.78, 0.32),
        (0.2, 0.4),
    ]
    canvas.polygon(
        curve(dome, 6, closed=True), Paint(style.main, "fabric", "ball", grain="cloth", grain_strength=0.04)
    )
    seam = Paint(darker(style.main, 0.35), form="flat")
    canvas.stroke(curve([(0.14, -high + 0.08), (0.02, -0.2), (0.0, 0.36)], 6), 0.018, seam)
    canvas.stroke(curve([(0.18, -high + 0.08), (0.48, -0.1), (0.52, 0.36)], 6), 0.018, seam)
    canvas.ellipse((0.12, -high + 0.06), (0.06, 0.04), Paint(style.accent, "fabric", "ball"))
    peak = [
        (-0.44, 0.22),
        (-0.72, 0.28),
        (-0.98, 0.46),
        (-0.9, 0.54),
        (-0.5, 0.46),
        (-0.05, 0.42),
        (0.12, 0.38),
    ]
    tone = style.accent if style.pattern in ("two-tone", "band") else darker(style.main, 0.12)
    canvas.polygon(curve(peak, 6, closed=True), Paint(tone, "fabric", "lying"))
    canvas.ellipse((-0.2, -0.08), (0.11, 0.14), Paint(style.accent, "satin"))


def sunglasses(canvas: Canvas, style: Style, rng: Random) -> None:
    """Sunglasses from the front with dark lenses."""
    frame = rng.choice([DARK, style.main, BRASS])
    lens = rng.choice([(40, 40, 46), (70, 52, 40), (46, 62, 60), darker(style.accent, 0.4)])
    square = rng.random() < 0.5
    for sign in (-1, 1):
        canvas.stroke([(sign * 0.88, -0.16), (sign * 0.97, -0.32)], 0.06, Paint(frame, "glossy"))
        middle = (sign * 0.47, 0.0)
        outline = (
            box_points(middle[0] - 0.4, -0.28, middle[0] + 0.4, 0.28, 0.16)
            if square
            else ellipse_points(middle, (0.39, 0.34))
        )
        canvas.polygon(outline, Paint(frame, "glossy"))
        inner = [(middle[0] + (x - middle[0]) * 0.85, y * 0.83) for x, y in outline]
        canvas.polygon(inner, Paint(lens, "glossy"))
        canvas.stroke(
            [(middle[0] - 0.2, 0.06), (middle[0] - 0.06, -0.16)], 0.05, Paint(lighter(lens, 0.5), form="flat")
        )
    canvas.stroke(curve([(-0.12, -0.08), (0.0, -0.15), (0.12, -0.08)], 6), 0.06, Paint(frame, "glossy"))
