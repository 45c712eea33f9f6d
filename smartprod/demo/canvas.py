"""A canvas on which products are drawn from lit parts, in unit coordinates.

A drawing function works in a square from -1 to 1 (x to the right, y down) and never knows the pose: the canvas turns, scales and
moves every point, lights each part with a ramp of `shading`, and keeps the product's mask beside its colours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from smartprod.demo import shading
from smartprod.demo.outlines import Point, box_points, curve, ellipse_points
from smartprod.demo.palette import Colour, darker, lighter

_FloatMap = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where and how the product stands.

    Attributes:
        scale: Share of the picture that the unit square fills.
        angle: Rotation in degrees.
        offset: Shift of the centre as shares of the picture's side.
        mirror: Whether left and right are swapped.
        tilt: How far one looks from above: short over long axis of a horizontal circle.
        stretch: Factor on the width.
        light: Horizontal direction of the light, -1 (left) to 1 (right).
    """

    scale: float = 0.8
    angle: float = 0.0
    offset: Point = (0.0, 0.0)
    mirror: bool = False
    tilt: float = 0.25
    stretch: float = 1.0
    light: float = -0.6


@dataclass(frozen=True, slots=True)
class Paint:
    """Surface of a part: colour, finish, the form it is lit as, opacity (0 to 255) and the kind and strength of grain."""

    colour: Colour
    finish: str = "matte"
    form: str = "plane"  # plane, round (upright cylinder), lying (horizontal cylinder), ball, flat (unlit)
    opacity: int = 255
    grain: str = ""
    grain_strength: float = 0.05


class Canvas:
    """A square picture of one product.

    Args:
        size: Side in pixels.
        pose: Where the product stands.

    Attributes:
        colours: RGB picture of the product; black where there is none.
        opacity: L picture, how much of the background is covered.
        mask: L picture, 255 wherever the product is, also where it is transparent.
    """

    def __init__(self, size: int, pose: Pose) -> None:
        self.size = size
        self.pose = pose
        self.tilt = pose.tilt
        self.colours = Image.new("RGB", (size, size))
        self.opacity = Image.new("L", (size, size))
        self.mask = Image.new("L", (size, size))
        turn = math.radians(pose.angle)
        unit = size * pose.scale / 2
        wide = unit * pose.stretch * (-1 if pose.mirror else 1)
        self._forward = np.array(
            [[math.cos(turn) * wide, -math.sin(turn) * unit], [math.sin(turn) * wide, math.cos(turn) * unit]]
        )
        self._centre = np.array([size * (0.5 + pose.offset[0]), size * (0.5 + pose.offset[1])])
        self._inverse = np.linalg.inv(self._forward)
        self._unit = unit
        self._light = pose.light * (-1 if pose.mirror else 1)

    def polygon(self, points: Sequence[Point], paint: Paint) -> None:
        """Draw a filled outline."""
        placed = self._place(points)
        box = self._box(placed)
        if box is None:
            return
        stencil = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        moved = [(float(x) - box[0], float(y) - box[1]) for x, y in placed]
        ImageDraw.Draw(stencil).polygon(moved, fill=255)
        xs = [p[0] for p in points]
        ys = [p[1] for p in points]
        self._lay(stencil, box, paint, (min(xs), min(ys), max(xs), max(ys)))

    def ellipse(self, centre: Point, radii: Point, paint: Paint, turn: float = 0.0) -> None:
        """Draw a filled ellipse, turned by `turn` degrees."""
        self.polygon(ellipse_points(centre, radii, turn=turn), paint)

    def box(
        self, left: float, top: float, right: float, bottom: float, paint: Paint, corner: float = 0.0
    ) -> None:
        """Draw a rectangle with rounded corners."""
        self.polygon(box_points(left, top, right, bottom, corner), paint)

    def stroke(self, points: Sequence[Point], width: float, paint: Paint) -> None:
        """Draw a thick line with round ends through the points (use `curve` to smooth them)."""
        placed = self._place(points)
        pixels = max(1, round(width * self._unit))
        box = self._box(placed, margin=pixels)
        if box is None:
            return
        stencil = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        pen = ImageDraw.Draw(stencil)
        moved = [(float(x) - box[0], float(y) - box[1]) for x, y in placed]
        pen.line(moved, fill=255, width=pixels, joint="curve")
        reach = pixels / 2 - 0.5
        for x, y in (moved[0], moved[-1]):
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        xs = [p[0] for p in points]
        ys = [p[1] for p in points]
        half = width / 2
        self._lay(stencil, box, paint, (min(xs) - half, min(ys) - half, max(xs) + half, max(ys) + half))

    def lathe(
        self, profile: Sequence[Point], paint: Paint, *, centre: float = 0.0, smooth: bool = True
    ) -> None:
        """Draw a body of revolution from `(y, radius)` pairs, top to bottom, with a curved lower edge."""
        rings = curve(profile, 6) if smooth else list(profile)
        right = [(centre + r, y) for y, r in rings]
        last_y, last_r = rings[-1]
        arc = [
            (centre + last_r * math.cos(a), last_y + last_r * self.tilt * math.sin(a))
            for a in np.linspace(0.0, math.pi, 24)
        ]
        left = [(centre - r, y) for y, r in reversed(rings)]
        points = right + arc + left
        placed = self._place(points)
        box = self._box(placed)
        if box is None:
            return
        stencil = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(stencil).polygon([(float(x) - box[0], float(y) - box[1]) for x, y in placed], fill=255)
        across, down = self._local(box)
        heights = np.array([y for y, _ in rings])
        table = np.interp(np.linspace(heights[0], heights[-1], 128), heights, [r for _, r in rings])
        place = (down - heights[0]) * (127.0 / max(1e-6, heights[-1] - heights[0]))
        radius = np.maximum(table, 1e-3).astype(np.float32)[np.clip(place, 0, 127).astype(np.uint8)]
        where = ((across - centre) / radius + 1.0) * 127.5
        ramp = shading.round_ramp(paint.colour, paint.finish, self._light)
        self._paste(stencil, box, ramp[np.clip(where, 0, 255).astype(np.uint8)], paint)

    def ring(self, y: float, radius: float, paint: Paint, *, centre: float = 0.0) -> None:
        """Draw a horizontal disc as seen under the pose's tilt."""
        self.ellipse((centre, y), (radius, radius * self.tilt), paint)

    def opening(
        self, y: float, radius: float, colour: Colour, *, centre: float = 0.0, lip: float = 0.06
    ) -> None:
        """Draw the open top of a vessel: a bright lip and the dark inside."""
        self.ring(y, radius, Paint(lighter(colour, 0.25), "flat", "flat"), centre=centre)
        inside = max(0.01, radius - lip)
        inner = Paint(darker(colour, 0.42), "matte", "round")
        self.ellipse((centre, y), (inside, inside * self.tilt), inner)

    # The mathematics of placing and lighting

    def _place(self, points: Sequence[Point]) -> npt.NDArray[np.float64]:
        return np.asarray(points, dtype=np.float64) @ self._forward.T + self._centre

    def _box(self, placed: npt.NDArray[np.float64], margin: int = 1) -> tuple[int, int, int, int] | None:
        left, top = np.floor(placed.min(axis=0)).astype(int) - margin
        right, bottom = np.ceil(placed.max(axis=0)).astype(int) + margin + 1
        box = max(0, int(left)), max(0, int(top)), min(self.size, int(right)), min(self.size, int(bottom))
        return box if box[2] - box[0] > 1 and box[3] - box[1] > 1 else None

    def _local(self, box: tuple[int, int, int, int]) -> tuple[_FloatMap, _FloatMap]:
        columns = np.arange(box[0], box[2], dtype=np.float32)[None, :] + 0.5 - np.float32(self._centre[0])
        rows = np.arange(box[1], box[3], dtype=np.float32)[:, None] + 0.5 - np.float32(self._centre[1])
        back = self._inverse.astype(np.float32)
        return back[0, 0] * columns + back[0, 1] * rows, back[1, 0] * columns + back[1, 1] * rows

    def _lay(
        self,
        stencil: Image.Image,
        box: tuple[int, int, int, int],
        paint: Paint,
        extent: tuple[float, float, float, float],
    ) -> None:
        if paint.form == "flat":
            self._paste(stencil, box, None, paint)
            return
        left, top, right, bottom = extent
        across, down = self._local(box)
        wide, high = max(1e-3, right - left), max(1e-3, bottom - top)
        if paint.form == "round":
            ramp = shading.round_ramp(paint.colour, paint.finish, self._light)
            where = (across - left) * (255.0 / wide)
        elif paint.form == "lying":
            ramp = shading.round_ramp(paint.colour, paint.finish, -0.7)
            where = (down - top) * (255.0 / high)
        elif paint.form == "ball":
            ramp = shading.ball_ramp(paint.colour, paint.finish)
            middle_x = (left + right) / 2 + self._light * wide * 0.22
            middle_y = (top + bottom) / 2 - high * 0.2
            where = np.hypot((across - middle_x) / wide, (down - middle_y) / high) * (255.0 / 0.85)
        else:
            ramp = shading.plane_ramp(paint.colour, paint.finish)
            tone = across if self._light < 0 else left + right - across
            where = ((tone - left) / wide * 0.5 + (down - top) / high * 0.5) * 255.0
        self._paste(stencil, box, ramp[np.clip(where, 0, 255).astype(np.uint8)], paint)

    def _paste(
        self,
        stencil: Image.Image,
        box: tuple[int, int, int, int],
        lit: npt.NDArray[np.uint8] | None,
        paint: Paint,
    ) -> None:
        covered = (
            stencil if paint.opacity == 255 else stencil.point([v * paint.opacity // 255 for v in range(256)])
        )
        if lit is None:
            self.colours.paste(paint.colour, box, covered)
        else:
            if paint.grain:
                height, width = lit.shape[:2]
                noise = shading.noise_window(paint.grain, height, width, (box[1] * 7, box[0] * 13))
                factor = 1.0 + paint.grain_strength * noise
                lit = np.clip(lit * factor[:, :, None], 0, 255).astype(np.uint8)
            # Over an untouched canvas a transparent part must not be darkened by the black below it.
            image = Image.fromarray(lit)
            if paint.opacity < 255:
                fresh = self.mask.crop(box).point([255 if v == 0 else 0 for v in range(256)])
                fresh = Image.composite(stencil, Image.new("L", stencil.size), fresh)
                self.colours.paste(image, box, fresh)
            self.colours.paste(image, box, covered)
        if paint.opacity == 255:
            self.opacity.paste(255, box, stencil)
        else:
            under = self.opacity.crop(box)
            blended = Image.blend(under, Image.new("L", under.size, 255), paint.opacity / 255)
            self.opacity.paste(blended, box, stencil)
        self.mask.paste(255, box, stencil)
