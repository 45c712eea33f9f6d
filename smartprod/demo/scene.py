"""The two domains a product is pictured in: a clean studio and a noisy photo."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from smartprod.demo.canvas import Canvas, Pose
from smartprod.demo.drawings import DRAWINGS
from smartprod.demo.palette import NAMED_COLOURS, WOODS, Colour, Style, darker, mix, vary
from smartprod.demo.shading import noise_window

# Pictures up to this size are drawn twice as large and halved; larger ones would cost too much for what one sees.
_SUPERSAMPLED_UP_TO = 320
_MAX_CANVAS = 640


@dataclass(frozen=True, slots=True)
class View:
    """One rendered picture of a product: RGB picture and L mask (255 on the product), both `size` pixels square."""

    picture: Image.Image
    mask: Image.Image


def render_view(drawing: str, style: Style, design: str, *, domain: str, size: int, rng: Random) -> View:
    """Draw a product in a domain.

    Args:
        drawing: Name in `DRAWINGS`.
        style: Colours and finish.
        design: Seed of the design's proportions: the same in every view of one product.
        domain: `studio` or `photo`.
        size: Side of the picture in pixels.
        rng: Decides pose, background and disturbances of this view.
    """
    side = 2 * size if size <= _SUPERSAMPLED_UP_TO else min(_MAX_CANVAS, round(size * 1.4))
    pose = _studio_pose(rng) if domain == "studio" else _photo_pose(rng)
    canvas = Canvas(side, pose)
    DRAWINGS[drawing](canvas, style, Random(design))
    backdrop = _studio_backdrop(side // 2, rng) if domain == "studio" else _photo_backdrop(side // 2, rng)
    _cast_shadow(backdrop, canvas, pose, soft=0.03 if domain == "studio" else rng.uniform(0.008, 0.04))
    # What lies behind is out of focus: painted at half size. Doubling by repetition is exact where halving follows.
    doubled = Image.Resampling.NEAREST if side == 2 * size else Image.Resampling.BILINEAR
    backdrop = backdrop.resize((side, side), doubled)
    backdrop.paste(canvas.colours, (0, 0), canvas.opacity)
    if domain == "photo" and rng.random() < 0.26:
        _occlude(backdrop, rng)
    picture = _shrink(backdrop, size)
    if domain == "photo":
        picture = _disturb(picture, rng)
    return View(picture, _shrink(canvas.mask, size))


def _shrink(image: Image.Image, size: int) -> Image.Image:
    if image.width == 2 * size:
        return image.reduce(2)
    return image.resize((size, size), Image.Resampling.BILINEAR)


def _studio_pose(rng: Random) -> Pose:
    return Pose(
        scale=rng.uniform(0.66, 0.92),
        angle=rng.gauss(0.0, 7.0),
        offset=(rng.uniform(-0.03, 0.03), rng.uniform(-0.03, 0.03)),
        mirror=rng.random() < 0.5,
        tilt=rng.uniform(0.14, 0.42),
        stretch=rng.uniform(0.86, 1.1),
        light=rng.choice([-1, 1]) * rng.uniform(0.4, 0.9),
    )


def _photo_pose(rng: Random) -> Pose:
    return Pose(
        scale=rng.uniform(0.46, 0.95),
        angle=rng.gauss(0.0, 24.0),
        offset=(rng.uniform(-0.14, 0.14), rng.uniform(-0.12, 0.14)),
        mirror=rng.random() < 0.5,
        tilt=rng.uniform(0.08, 0.6),
        stretch=rng.uniform(0.74, 1.2),
        light=rng.choice([-1, 1]) * rng.uniform(0.2, 1.1),
    )


def _studio_backdrop(side: int, rng: Random) -> Image.Image:
    white = rng.randint(238, 255)
    foot = max(0, white - rng.randint(0, 26))
    tint = rng.choice([(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.99, 0.99, 1.0), (1.0, 0.99, 0.97)])
    rows = np.linspace(white, foot, side)[:, None] * np.asarray(tint)[None, :]  # [side, 3]
    pixels = np.clip(rows, 0, 255).astype(np.uint8)
    return Image.fromarray(np.repeat(pixels[:, None, :], side, axis=1))


def _photo_backdrop(side: int, rng: Random) -> Image.Image:
    """A table or floor of some material, a wall behind, and clutter."""
    picture = _material(side, _room_colour(rng), rng.choice(["cloud", "cloud", "grain"]), rng)
    ground = _material(side, _room_colour(rng), rng.choice(["wood", "cloth", "cloud", "grain"]), rng)
    edge = rng.uniform(0.0, 0.75)
    if rng.random() < 0.75:
        slope = rng.uniform(-0.08, 0.08)
        stencil = Image.new("L", (side, side))
        corners = [(0, (edge - slope) * side), (side, (edge + slope) * side), (side, side), (0, side)]
        ImageDraw.Draw(stencil).polygon(corners, fill=255)
        picture.paste(ground, (0, 0), stencil)
    else:
        picture = ground
    for _ in range(rng.randint(0, 5)):
        _clutter(picture, rng)
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 3.0)))


def _room_colour(rng: Random) -> Colour:
    """A wall's or a table's colour: wood half of the time, else a named colour, greyed."""
    if rng.random() < 0.4:
        return vary(rng.choice(WOODS), rng, 0.12)
    named = vary(rng.choice(list(NAMED_COLOURS.values())), rng, 0.08)
    return mix(named, (158, 152, 144), rng.uniform(0.15, 0.75))


def _material(side: int, colour: Colour, kind: str, rng: Random) -> Image.Image:
    noise = noise_window(kind, side, side, (rng.randrange(5000), rng.randrange(5000)))
    strength = {"wood": 0.12, "cloth": 0.08, "cloud": 0.14, "grain": 0.05}[kind]
    fall = np.linspace(rng.uniform(0.8, 1.15), rng.uniform(0.7, 1.1), side, dtype=np.float32)
    field = (1.0 + strength * noise) * fall[:, None]
    pixels = field[:, :, None] * np.asarray(colour, dtype=np.float32)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if kind == "wood" and rng.random() < 0.4:
        image = image.transpose(Image.Transpose.ROTATE_90)
    if kind == "cloth" and rng.random() < 0.5:
        pen = ImageDraw.Draw(image)
        step = rng.randint(14, 40)
        for start in range(0, side, step * 2):
            pen.rectangle((start, 0, start + step // 2, side), fill=darker(colour, 0.25))
            pen.rectangle((0, start, side, start + step // 3), fill=darker(colour, 0.35))
    return image


def _clutter(picture: Image.Image, rng: Random) -> None:
    """Draw a thing that is no product: a box, a disc, a stick or a book edge, mostly near the border."""
    side = picture.width
    pen = ImageDraw.Draw(picture)
    colour = vary(rng.choice(list(NAMED_COLOURS.values())), rng, 0.1)
    along, border = rng.uniform(0, side), rng.choice([0.05, 0.15, 0.85, 0.95]) * side
    x, y = (along, border) if rng.random() < 0.5 else (border, along)
    wide, high = rng.uniform(0.05, 0.22) * side, rng.uniform(0.05, 0.22) * side
    kind = rng.choice(["box", "disc", "stick"])
    if kind == "box":
        pen.polygon(
            [
                (x - wide, y - high),
                (x + wide, y - high * 0.8),
                (x + wide * 0.9, y + high),
                (x - wide, y + high * 0.9),
            ],
            fill=colour,
        )
        pen.polygon(
            [
                (x - wide, y - high),
                (x + wide, y - high * 0.8),
                (x + wide * 0.8, y - high * 1.3),
                (x - wide * 0.7, y - high * 1.4),
            ],
            fill=darker(colour, 0.2),
        )
    elif kind == "disc":
        pen.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
        pen.ellipse(
            (x - wide * 0.6, y - high * 0.6, x + wide * 0.6, y + high * 0.6), fill=darker(colour, 0.25)
        )
    else:
        end = (x + rng.uniform(-0.5, 0.5) * side, y + rng.uniform(-0.5, 0.5) * side)
        pen.line([(x, y), end], fill=colour, width=max(2, side // rng.randint(20, 60)))


def _cast_shadow(backdrop: Image.Image, canvas: Canvas, pose: Pose, *, soft: float) -> None:
    """Darken the ground beside and below the product."""
    side = backdrop.width
    small = canvas.mask.reduce(4)
    reach = max(1, small.width // 28)
    away = -1 if pose.light > 0 else 1
    small = ImageChops.offset(small, away * reach * 2, reach)
    small = small.filter(ImageFilter.GaussianBlur(max(0.8, soft * small.width)))
    faint = small.point([round(v * 0.34) for v in range(256)])
    shadow = faint.resize((side, side), Image.Resampling.BILINEAR)
    backdrop.paste((18, 18, 24), (0, 0, side, side), shadow)


def _occlude(picture: Image.Image, rng: Random) -> None:
    """Put something in front of the product: a leaf, a tag or a strip."""
    side = picture.width
    pen = ImageDraw.Draw(picture)
    x, y = rng.uniform(0.2, 0.8) * side, rng.uniform(0.25, 0.85) * side
    kind = rng.choice(["tag", "leaf", "strip"])
    if kind == "tag":
        wide, high = rng.uniform(0.08, 0.16) * side, rng.uniform(0.06, 0.12) * side
        pen.rounded_rectangle(
            (x - wide, y - high, x + wide, y + high), radius=side // 50, fill=(246, 240, 220)
        )
        for step in (-0.4, 0.0, 0.4):
            pen.line(
                (x - wide * 0.7, y + high * step, x + wide * 0.5, y + high * step),
                fill=(120, 110, 100),
                width=2,
            )
    elif kind == "leaf":
        green = vary((72, 122, 64), rng, 0.1)
        reach, broad = rng.uniform(0.15, 0.3) * side, rng.uniform(0.04, 0.09) * side
        pen.polygon(
            [
                (x - reach, y),
                (x - reach * 0.3, y - broad),
                (x + reach, y - broad * 0.2),
                (x - reach * 0.2, y + broad),
            ],
            fill=green,
        )
        pen.line((x - reach, y, x + reach, y - broad * 0.2), fill=darker(green, 0.3), width=2)
    else:
        colour = vary(rng.choice(list(NAMED_COLOURS.values())), rng, 0.1)
        slant = rng.uniform(-0.3, 0.3) * side
        pen.line((x - slant, 0, x + slant, side), fill=colour, width=round(rng.uniform(0.04, 0.1) * side))


def _disturb(picture: Image.Image, rng: Random) -> Image.Image:
    """Colour cast, exposure, blur and sensor noise of a hand-held camera."""
    exposure, contrast = rng.uniform(0.62, 1.18), rng.uniform(0.75, 1.15)
    table: list[int] = []
    for gain in (rng.uniform(0.82, 1.16), 1.0, rng.uniform(0.74, 1.14)):
        table += [min(255, max(0, round(((v - 128) * contrast + 128) * gain * exposure))) for v in range(256)]
    picture = picture.point(table)
    if rng.random() < 0.6:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 2.2) * picture.width / 256))
    strength = rng.uniform(2.0, 15.0)
    side = picture.width
    tile = min(side, 900)
    noise = noise_window("grain", tile, tile, (rng.randrange(5000), rng.randrange(5000)))
    grain = Image.fromarray(np.clip(noise * strength + 128, 0, 255).astype(np.uint8))
    if tile < side:
        grain = grain.resize((side, side), Image.Resampling.NEAREST)
    return ImageChops.add(
        picture,
        Image.merge("RGB", (grain, ImageChops.offset(grain, 17, 5), ImageChops.offset(grain, 3, 29))),
        offset=-128,
    )
