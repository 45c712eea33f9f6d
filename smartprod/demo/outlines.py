"""Outlines in unit coordinates: ellipses, rounded boxes, smooth curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]


def ellipse_points(
    centre: Point, radii: Point, *, turn: float = 0.0, start: float = 0.0, end: float = 360.0
) -> list[Point]:
    """Points of an ellipse or of its arc from `start` to `end` degrees (0 = right, 90 = down)."""
    angles = np.radians(np.linspace(start, end, 49))
    bend = math.radians(turn)
    return [
        (
            centre[0] + radii[0] * math.cos(a) * math.cos(bend) - radii[1] * math.sin(a) * math.sin(bend),
            centre[1] + radii[0] * math.cos(a) * math.sin(bend) + radii[1] * math.sin(a) * math.cos(bend),
        )
        for a in angles.tolist()
    ]


def box_points(left: float, top: float, right: float, bottom: float, corner: float = 0.0) -> list[Point]:
    """Outline of a rectangle with rounded corners."""
    if corner <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    points: list[Point] = []
    for x, y, start in (
        (right - corner, top + corner, -90.0),
        (right - corner, bottom - corner, 0.0),
        (left + corner, bottom - corner, 90.0),
        (left + corner, top + corner, 180.0),
    ):
        for step in range(7):
            angle = math.radians(start + 15.0 * step)
            points.append((x + corner * math.cos(angle), y + corner * math.sin(angle)))
    return points


def curve(points: Sequence[Point], steps: int = 8, *, closed: bool = False) -> list[Point]:
    """A smooth line through the points (Catmull-Rom), `steps` pieces per span."""
    count = len(points)
    spans = count if closed else count - 1
    smooth: list[Point] = []
    for i in range(spans):
        if closed:
            a, b, c, d = (points[(i + k - 1) % count] for k in range(4))
        else:
            a, b, c, d = (points[min(count - 1, max(0, i + k - 1))] for k in range(4))
        for step in range(steps):
            t = step / steps
            smooth.append((_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)))
    if not closed:
        smooth.append(points[-1])
    return smooth


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
