"""Drawings of lamps, candles, cushions and clocks."""

from __future__ import annotations

import math
from random import Random

from smartprod.demo.canvas import Canvas, Paint
from smartprod.demo.outlines import Point, box_points, curve
from smartprod.demo.palette import BRASS, DARK, STEEL, Style, darker, lighter


def table_lamp(canvas: Canvas, style: Style, rng: Random) -> None:
    """A lamp: shade, stem and base."""
    metal = rng.choice([BRASS, STEEL, DARK, style.wood, style.accent])
    base = rng.uniform(0.28, 0.42)
    canvas.lathe([(0.84, base * 0.9), (0.92, base)], Paint(metal, "satin", "round"), smooth=False)
    canvas.ring(0.84, base * 0.9, Paint(lighter(metal, 0.15), "satin", "round"))
    if rng.random() < 0.45:
        body = rng.uniform(0.2, 0.32)
        canvas.lathe(
            [(0.0, 0.05), (0.2, body * 0.6), (0.5, body), (0.84, body * 0.5)],
            Paint(style.accent, style.finish, "round"),
        )
    else:
        canvas.lathe([(-0.1, 0.04), (0.84, 0.05)], Paint(metal, "metal", "round"), smooth=False)
    top, wide = rng.uniform(0.22, 0.42), rng.uniform(0.55, 0.7)
    low = rng.uniform(-0.02, 0.12)
    glow = lighter(style.main, 0.35)
    canvas.ring(low, wide, Paint(darker(style.main, 0.45), "matte", "round"))
    canvas.lathe(
        [(-0.9, top), (low, wide)],
        Paint(glow, "fabric", "round", grain="cloth", grain_strength=0.02),
        smooth=False,
    )
    canvas.ring(-0.9, top, Paint(lighter((255, 236, 190), 0.3), "flat", "flat"))
    if style.pattern in ("band", "stripes"):
        slope = (wide - top) / (low + 0.9)
        for y in (-0.84, low - 0.1):
            radius = top + slope * (y + 0.9)
            canvas.lathe(
                [(y, radius), (y + 0.06, radius + slope * 0.06)],
                Paint(style.accent, "matte", "round"),
                smooth=False,
            )


def candle(canvas: Canvas, style: Style, rng: Random) -> None:
    """A pillar candle with a flame, sometimes in a jar."""
    radius, height = rng.uniform(0.34, 0.46), rng.uniform(0.5, 0.75)
    wax = lighter(style.main, 0.3)
    canvas.lathe([(-height + 0.3, radius), (0.9, radius)], Paint(wax, "satin", "round"), smooth=False)
    canvas.opening(-height + 0.3, radius, wax)
    y = -height + 0.28
    canvas.stroke([(0, y + 0.02), (0.01, y - 0.12)], 0.03, Paint((40, 30, 26), form="flat"))
    flame: list[Point] = [(0.0, y - 0.46), (0.1, y - 0.2), (0.0, y - 0.08), (-0.1, y - 0.2)]
    canvas.polygon(curve(flame, 6, closed=True), Paint((255, 178, 52), form="flat"))
    canvas.ellipse((0, y - 0.18), (0.045, 0.09), Paint((255, 240, 170), form="flat"))


def cushion(canvas: Canvas, style: Style, rng: Random) -> None:
    """A soft square cushion."""
    pull = rng.uniform(0.05, 0.11)
    edge = 0.86
    corners = [
        (-edge, -edge),
        (0, -edge + pull),
        (edge, -edge),
        (edge - pull, 0),
        (edge, edge),
        (0, edge - pull),
        (-edge, edge),
        (-edge + pull, 0),
    ]
    outline = curve(corners, 6, closed=True)
    canvas.polygon(outline, Paint(style.main, "fabric", "ball", grain="cloth", grain_strength=0.06))
    if style.pattern == "stripes":
        for x in (-0.5, -0.17, 0.17, 0.5):
            line = curve([(x, -0.72), (x * 0.9, 0.0), (x, 0.72)], 8)
            canvas.stroke(
                line, 0.1, Paint(style.accent, "fabric", "plane", grain="cloth", grain_strength=0.06)
            )
    elif style.pattern in ("dots", "band"):
        for x in (-0.45, 0.0, 0.45):
            for y in (-0.45, 0.0, 0.45):
                canvas.ellipse((x, y), (0.1, 0.1), Paint(style.accent, "fabric", "plane"))
    elif style.pattern == "two-tone":
        inner = [(x * 0.6, y * 0.6) for x, y in outline]
        canvas.polygon(inner, Paint(style.accent, "fabric", "ball", grain="cloth", grain_strength=0.06))
    for sign in (-1, 1):
        crease = curve([(sign * 0.72, -0.74), (sign * 0.5, -0.5), (sign * 0.36, -0.42)], 5)
        canvas.stroke(crease, 0.03, Paint(darker(style.main, 0.28), form="flat"))


def wall_clock(canvas: Canvas, style: Style, rng: Random) -> None:
    """A round clock with hands."""
    canvas.ellipse((0, 0), (0.92, 0.92), Paint(style.main, style.finish))
    face = (246, 244, 238) if rng.random() < 0.7 else lighter(style.accent, 0.6)
    canvas.ellipse((0, 0), (0.78, 0.78), Paint(face, "satin"))
    for hour in range(12):
        angle = math.radians(30 * hour)
        inner = 0.6 if hour % 3 else 0.52
        marks = [
            (inner * math.sin(angle), -inner * math.cos(angle)),
            (0.7 * math.sin(angle), -0.7 * math.cos(angle)),
        ]
        canvas.stroke(marks, 0.045, Paint(DARK, form="flat"))
    for length, width, angle in ((0.38, 0.07, rng.uniform(0, 6.2)), (0.58, 0.045, rng.uniform(0, 6.2))):
        canvas.stroke(
            [(0, 0), (length * math.sin(angle), -length * math.cos(angle))], width, Paint(DARK, form="flat")
        )
    canvas.ellipse((0, 0), (0.06, 0.06), Paint(style.accent, "glossy", "ball"))


def tea_box(canvas: Canvas, style: Style, rng: Random) -> None:
    """A carton of tea bags: the same for every kind of tea."""
    deep = rng.uniform(0.2, 0.32)
    rise = deep * (0.3 + canvas.tilt)
    left, right, top, bottom = -0.72, 0.48, rng.uniform(-0.6, -0.45), 0.75
    canvas.polygon(
        [(right, top), (right + deep, top - rise), (right + deep, bottom - rise), (right, bottom)],
        Paint(darker(style.main, 0.35), "satin"),
    )
    canvas.polygon(
        [(left, top), (left + deep, top - rise), (right + deep, top - rise), (right, top)],
        Paint(lighter(style.main, 0.25), "satin"),
    )
    canvas.box(left, top, right, bottom, Paint(style.main, "satin"))
    middle = (left + right) / 2
    panel = lighter(style.accent, 0.55)
    canvas.box(left + 0.16, top + 0.2, right - 0.16, bottom - 0.18, Paint(panel, "satin"), 0.08)
    y = (top + bottom) / 2
    for turn in (-38, 38):
        canvas.ellipse(
            (middle + turn * 0.004, y - 0.08), (0.08, 0.22), Paint(darker(style.accent, 0.25), "matte"), turn
        )
    for step, width in enumerate((0.3, 0.22)):
        line = y + 0.26 + 0.1 * step
        canvas.stroke(
            [(middle - width, line), (middle + width, line)],
            0.035,
            Paint(darker(style.main, 0.3), form="flat"),
        )
    canvas.stroke(
        [(left, top + 0.09), (right, top + 0.09)], 0.03, Paint(lighter(style.accent, 0.2), form="flat")
    )


def care_bottle(canvas: Canvas, style: Style, rng: Random) -> None:
    """A bottle of hair or body care with a pump or a cap: the same for every content."""
    wide = rng.uniform(0.34, 0.48)
    cap = rng.choice([DARK, (240, 240, 238), style.accent, BRASS])
    shoulder = rng.uniform(-0.5, -0.3)
    neck = 0.13
    paint = Paint(style.main, rng.choice(["glossy", "satin"]), "round")
    if rng.random() < 0.5:
        canvas.stroke(
            [(0, shoulder - 0.34), (-0.34, shoulder - 0.34), (-0.4, shoulder - 0.26)],
            0.09,
            Paint(cap, "satin", "lying"),
        )
        canvas.lathe(
            [(shoulder - 0.4, 0.1), (shoulder - 0.26, 0.1)], Paint(cap, "satin", "round"), smooth=False
        )
        canvas.lathe(
            [(shoulder - 0.28, 0.05), (shoulder - 0.1, 0.05)],
            Paint(lighter(cap, 0.3), "satin", "round"),
            smooth=False,
        )
        canvas.lathe(
            [(shoulder - 0.18, neck * 1.3), (shoulder, neck * 1.3)],
            Paint(cap, "satin", "round"),
            smooth=False,
        )
    else:
        canvas.lathe(
            [(shoulder - 0.3, neck * 1.5), (shoulder, neck * 1.6)], Paint(cap, "satin", "round"), smooth=False
        )
        canvas.ring(shoulder - 0.3, neck * 1.5, Paint(lighter(cap, 0.2), "satin", "round"))
    body = [
        (shoulder - 0.04, neck * 1.4),
        (shoulder + 0.08, wide * 0.75),
        (shoulder + 0.2, wide),
        (0.8, wide),
        (0.9, wide * 0.94),
    ]
    canvas.lathe(body, paint)
    top, bottom = shoulder + 0.4, rng.uniform(0.55, 0.7)
    label = lighter(style.accent, 0.6)
    canvas.lathe([(top, wide), (bottom, wide)], Paint(label, "satin", "round"), smooth=False)
    canvas.lathe([(top - 0.012, wide), (top, wide)], paint, smooth=False)
    middle = (top + bottom) / 2 + wide * canvas.tilt
    ink = Paint(darker(style.main, 0.35), form="flat")
    emblem = rng.choice(["disc", "drop", "bars"])
    if emblem == "disc":
        canvas.ellipse((0, middle - 0.1), (0.1, 0.1), ink)
    elif emblem == "drop":
        canvas.polygon(
            curve(
                [(0, middle - 0.24), (0.1, middle - 0.05), (0, middle + 0.03), (-0.1, middle - 0.05)],
                6,
                closed=True,
            ),
            ink,
        )
    else:
        canvas.polygon(box_points(-0.12, middle - 0.18, 0.12, middle - 0.05, 0.03), ink)
    for step, half in enumerate((0.18, 0.13)):
        canvas.stroke([(-half, middle + 0.1 + 0.08 * step), (half, middle + 0.1 + 0.08 * step)], 0.028, ink)
