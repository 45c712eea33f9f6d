"""Drawings of kitchen ware. Every function draws one design in the unit square; `rng` decides the design's proportions."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from smartprod.demo.canvas import Canvas, Paint
from smartprod.demo.outlines import Point, box_points, curve, ellipse_points
from smartprod.demo.palette import DARK, STEEL, Style, darker, lighter


def dress(canvas: Canvas, profile: list[Point], style: Style, *, smooth: bool = True) -> None:
    """Draw a turned body in the style's colour with the style's pattern on it."""
    canvas.lathe(profile, Paint(style.main, style.finish, "round"), smooth=smooth)
    rings = curve(profile, 6) if smooth else profile
    heights = [y for y, _ in rings]
    radii = [r for _, r in rings]
    top, bottom = heights[0], heights[-1]

    def band(start: float, end: float) -> None:
        cuts = np.linspace(top + (bottom - top) * start, top + (bottom - top) * end, 6)
        part = [(float(y), float(np.interp(y, heights, radii))) for y in cuts]
        canvas.lathe(part, Paint(style.accent, style.finish, "round"), smooth=False)
        shade = Paint(style.main, style.finish, "round")
        if start > 0.02:
            lid = [
                (float(y), float(np.interp(y, heights, radii)))
                for y in np.linspace(part[0][0] - 0.02, part[0][0], 3)
            ]
            canvas.lathe(lid, shade, smooth=False)

    if style.pattern == "band":
        band(0.4, 0.62)
    elif style.pattern == "stripes":
        for start in (0.18, 0.42, 0.66):
            band(start, start + 0.1)
    elif style.pattern == "two-tone":
        band(0.55, 1.0)
    elif style.pattern == "dots":
        for row, height in enumerate((0.28, 0.5, 0.72)):
            y = top + (bottom - top) * height
            radius = float(np.interp(y, heights, radii))
            for step in range(-3, 4):
                where = math.sin((step + 0.5 * (row % 2)) * 0.48)
                squeeze = math.sqrt(max(0.05, 1 - where * where))
                y_bent = y + radius * canvas.tilt * squeeze * 0.8
                canvas.ellipse(
                    (radius * where, y_bent), (0.055 * squeeze, 0.055), Paint(style.accent, form="flat")
                )


def mug(canvas: Canvas, style: Style, rng: Random) -> None:
    """A mug with a handle at its right."""
    height = rng.uniform(0.62, 0.85)
    radius = rng.uniform(0.5, 0.62)
    foot = radius * rng.choice([1.0, 0.94, 0.8])
    belly = radius * rng.choice([1.0, 1.0, 1.1])
    thick = rng.uniform(0.09, 0.15)
    reach = rng.uniform(0.3, 0.42)
    handle = curve(
        [(radius * 0.9, -height * 0.6), (radius + reach * 0.8, -height * 0.62), (radius + reach, 0.0),
         (radius + reach * 0.6, height * 0.5), (foot * 0.92, height * 0.6)], 8
    )  # fmt: skip
    canvas.stroke(handle, thick, Paint(darker(style.main, 0.12), style.finish, "lying"))
    dress(
        canvas, [(-height, radius), (0.0, belly), (height * 0.8, (belly + foot) / 2), (height, foot)], style
    )
    canvas.opening(-height, radius, style.main)
    if rng.random() < 0.35:
        canvas.ring(-height + 0.05, radius * 0.82, Paint((74, 44, 28), "glossy", "round"))


def bowl(canvas: Canvas, style: Style, rng: Random) -> None:
    """A wide bowl on a small foot."""
    depth = rng.uniform(0.5, 0.75)
    radius = rng.uniform(0.85, 0.95)
    foot = radius * rng.uniform(0.38, 0.5)
    canvas.lathe(
        [(depth * 0.78, foot), (depth, foot * 1.05)], Paint(darker(style.main, 0.1), style.finish, "round")
    )
    dress(
        canvas,
        [(-0.2, radius), (depth * 0.25, radius * 0.9), (depth * 0.6, radius * 0.7), (depth * 0.85, foot)],
        style,
    )
    canvas.opening(-0.2, radius, style.main, lip=0.05)
    if rng.random() < 0.4:
        canvas.ring(-0.16, radius * 0.8, Paint(lighter(style.accent, 0.2), "matte", "round"))


def plate(canvas: Canvas, style: Style, rng: Random) -> None:
    """A flat plate seen from above at an angle."""
    flat = min(0.95, 0.45 + canvas.tilt * rng.uniform(0.9, 1.4))
    rim = rng.uniform(0.6, 0.72)
    canvas.ellipse((0, 0.045), (0.94, 0.94 * flat), Paint(darker(style.main, 0.35), "matte", "flat"))
    canvas.ellipse((0, 0), (0.94, 0.94 * flat), Paint(lighter(style.main, 0.12), style.finish))
    if style.pattern in ("band", "stripes", "two-tone"):
        canvas.ellipse((0, 0), (0.88, 0.88 * flat), Paint(style.accent, style.finish))
        canvas.ellipse((0, 0), (0.81, 0.81 * flat), Paint(style.main, style.finish))
    elif style.pattern == "dots":
        for x, y in ellipse_points((0, 0), (0.81, 0.81 * flat))[::3]:
            canvas.ellipse((x, y), (0.045, 0.045 * flat), Paint(style.accent, form="flat"))
    canvas.ellipse(
        (0, 0.0), (rim + 0.03, (rim + 0.03) * flat), Paint(darker(style.main, 0.22), "matte", "flat")
    )
    canvas.ellipse((0, 0.02), (rim, rim * flat), Paint(lighter(style.main, 0.05), style.finish, "plane"))


def glass(canvas: Canvas, style: Style, rng: Random) -> None:
    """A drinking glass: a tumbler or a stemmed one, partly filled."""
    tint = lighter(style.main, 0.75)
    pane = Paint(tint, "glass", "round", opacity=120)
    drink = Paint(lighter(style.accent, 0.15), "glossy", "round", opacity=190)
    if rng.random() < 0.5:
        radius, foot = rng.uniform(0.42, 0.52), rng.uniform(0.3, 0.42)
        canvas.lathe([(-0.85, radius), (0.85, foot)], pane, smooth=False)
        level = rng.uniform(-0.3, 0.3)
        wide = radius + (foot - radius) * (level + 0.85) / 1.7 - 0.04
        canvas.lathe([(level, wide), (0.74, foot - 0.04)], drink, smooth=False)
        canvas.ring(level, wide, Paint(lighter(style.accent, 0.4), "matte", "round", opacity=200))
        top = -0.85
    else:
        radius = rng.uniform(0.42, 0.5)
        cup = [(-0.9, radius * 0.85), (-0.5, radius), (-0.15, radius * 0.8), (0.08, 0.07)]
        canvas.ring(0.85, 0.4, Paint(tint, "glass", "plane", opacity=150))
        canvas.lathe([(0.06, 0.06), (0.4, 0.035), (0.84, 0.06)], Paint(tint, "glass", "round", opacity=170))
        canvas.lathe(cup, pane)
        canvas.lathe([(-0.4, radius * 0.93), (-0.14, radius * 0.74), (0.04, 0.06)], drink)
        canvas.ring(-0.4, radius * 0.93, Paint(lighter(style.accent, 0.4), "matte", "round", opacity=200))
        radius, top = radius * 0.85, -0.9
    edge = ellipse_points((0, top), (radius, radius * canvas.tilt))
    canvas.stroke(edge, 0.025, Paint((250, 252, 255), form="flat"))
    canvas.stroke(
        [(-radius * 0.72, top + 0.2), (-radius * 0.66, top + 0.75)], 0.04, Paint((255, 255, 255), form="flat")
    )


def teapot(canvas: Canvas, style: Style, rng: Random) -> None:
    """A teapot with spout at the left, handle at the right and a knob on its lid."""
    belly = rng.uniform(0.55, 0.64)
    height = rng.uniform(0.5, 0.6)
    trim = Paint(darker(style.main, 0.1), style.finish, "lying")
    canvas.stroke(
        curve(
            [(belly * 0.75, -height * 0.6), (0.9, -height * 0.7), (0.95, 0.05), (belly * 0.85, height * 0.5)],
            8,
        ),
        rng.uniform(0.08, 0.12),
        trim,
    )
    spout = [
        (-belly * 0.8, 0.35),
        (-0.72, 0.1),
        (-0.82, -0.3),
        (-0.98, -0.5),
        (-0.85, -0.52),
        (-0.62, -0.3),
        (-0.4, -0.1),
    ]
    canvas.polygon(curve(spout, 6, closed=True), Paint(style.main, style.finish, "plane"))
    dress(
        canvas,
        [
            (-height, 0.28),
            (-height * 0.55, belly * 0.82),
            (0.05, belly),
            (height * 0.7, belly * 0.8),
            (height, 0.36),
        ],
        style,
    )
    canvas.lathe(
        [(-height - 0.16, 0.06), (-height - 0.08, 0.24), (-height, 0.3)],
        Paint(lighter(style.main, 0.08), style.finish, "round"),
    )
    canvas.ellipse((0, -height - 0.22), (0.09, 0.09), Paint(style.accent, style.finish, "ball"))


def pan(canvas: Canvas, style: Style, rng: Random) -> None:
    """A frying pan from above with a long handle."""
    flat = min(0.95, 0.4 + canvas.tilt * 1.2)
    body = rng.choice([DARK, STEEL, darker(style.main, 0.2)])
    grip = rng.choice([DARK, style.wood, style.accent])
    radius = rng.uniform(0.5, 0.58)
    middle = (-0.36, 0.1)
    canvas.polygon([(0.1, 0.02), (0.34, -0.03), (0.34, 0.09), (0.1, 0.14)], Paint(STEEL, "metal", "lying"))
    canvas.polygon(
        curve(box_points(0.3, -0.1, 0.98, 0.08, 0.06), 2, closed=True), Paint(grip, "satin", "lying")
    )
    canvas.ellipse((0.9, -0.01), (0.03, 0.03), Paint(lighter(grip, 0.6), form="flat"))
    deep = rng.uniform(0.1, 0.18)
    canvas.ellipse(
        (middle[0], middle[1] + deep),
        (radius * 0.92, radius * 0.92 * flat),
        Paint(darker(body, 0.3), "satin", "round"),
    )
    canvas.ellipse(middle, (radius, radius * flat), Paint(lighter(body, 0.3), "metal"))
    canvas.ellipse(
        middle, (radius - 0.05, (radius - 0.05) * flat), Paint(darker(body, 0.35), "satin", "round")
    )
    canvas.ellipse((middle[0], middle[1] + 0.05), (radius * 0.78, radius * 0.76 * flat), Paint(body, "satin"))


def knife(canvas: Canvas, style: Style, rng: Random) -> None:
    """A kitchen knife: a broad blade to the left, a riveted handle to the right."""
    broad = rng.uniform(0.14, 0.24)
    tip = rng.choice([0.0, 0.6, 1.0])
    blade = [
        (0.28, -broad),
        (-0.5, -broad),
        (-0.96, -broad + 2 * broad * tip * 0.8),
        (-0.6, broad * 0.75),
        (-0.1, broad),
        (0.28, broad),
    ]
    canvas.polygon(curve(blade, 5, closed=False), Paint(STEEL, "metal"))
    canvas.stroke(
        curve([(-0.9, -broad + 2 * broad * tip * 0.85), (-0.58, broad * 0.62), (0.26, broad * 0.84)], 6),
        0.02,
        Paint((236, 240, 246), form="flat"),
    )
    grip = rng.choice([DARK, style.wood, style.main])
    canvas.box(0.25, -broad * 0.9, 0.34, broad * 0.55, Paint(lighter(STEEL, 0.2), "metal", "lying"), 0.02)
    handle = [
        (0.33, -broad * 0.85),
        (0.8, -broad * 0.75),
        (0.98, -broad * 0.3),
        (0.95, broad * 0.7),
        (0.7, broad * 0.35),
        (0.33, broad * 0.45),
    ]
    canvas.polygon(curve(handle, 5, closed=True), Paint(grip, style.finish, "lying"))
    for x in (0.45, 0.62, 0.79):
        canvas.ellipse((x, -broad * 0.15), (0.026, 0.026), Paint(lighter(STEEL, 0.3), form="flat"))
