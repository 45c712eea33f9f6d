"""Other images that are no view of the product: a size chart, a close-up of the material."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from smartprod.demo.palette import DARK, Style, darker, lighter
from smartprod.demo.shading import noise_window


def size_chart(size: int, rng: Random) -> Image.Image:
    """A table of sizes or a ruler with marks, black on white with one header colour."""
    picture = Image.new("RGB", (size, size), (252, 252, 252))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(9, size // 20))
    colour = rng.choice([(60, 90, 140), (70, 70, 70), (150, 60, 60), (60, 120, 90)])
    if rng.random() < 0.7:
        rows, columns = rng.randint(5, 8), rng.randint(3, 5)
        left, top, high, wide = size * 0.06, size * 0.12, size * 0.78 / rows, size * 0.88 / columns
        heads = ["SIZE", "EU", "UK", "CM", "IN"]
        pen.rectangle((left, top, left + wide * columns, top + high), fill=colour)
        for row in range(rows):
            if row and row % 2:
                pen.rectangle(
                    (left, top + row * high, left + wide * columns, top + (row + 1) * high),
                    fill=(236, 238, 242),
                )
            for column in range(columns):
                text = heads[column] if row == 0 else f"{34 + row * (column + 1) * 1.5:g}"
                fill = (255, 255, 255) if row == 0 else DARK
                pen.text(
                    (left + wide * (column + 0.2), top + high * (row + 0.25)), text, fill=fill, font=font
                )
        for column in range(columns + 1):
            pen.line(
                (left + column * wide, top, left + column * wide, top + rows * high), fill=(190, 190, 190)
            )
    else:
        low, high_mark = size * 0.12, size * 0.88
        for step in range(11):
            x = low + (high_mark - low) * step / 10
            pen.line((x, size * 0.7, x, size * (0.76 if step % 5 else 0.8)), fill=DARK, width=2)
            if step % 5 == 0:
                pen.text((x - size * 0.02, size * 0.82), str(step * 4), fill=DARK, font=font)
        pen.line((low, size * 0.7, high_mark, size * 0.7), fill=DARK, width=3)
        pen.rectangle((size * 0.25, size * 0.25, size * 0.75, size * 0.6), outline=colour, width=3)
        pen.line((size * 0.25, size * 0.2, size * 0.75, size * 0.2), fill=colour, width=2)
        pen.text((size * 0.44, size * 0.12), f"{rng.randint(8, 60)} cm", fill=DARK, font=font)
    return picture


def material_close_up(style: Style, size: int, rng: Random) -> Image.Image:
    """A close-up that shows only the material: cloth, brushed surface, wood or speckled glaze."""
    kind = rng.choice(["cloth", "wood", "cloud", "grain"])
    field = noise_window(kind, size, size, (rng.randrange(4000), rng.randrange(4000)))
    shade = np.linspace(1.1, 0.85, size, dtype=np.float32)[None, :]
    base = style.wood if kind == "wood" else style.main
    pixels = (1.0 + 0.13 * field)[:, :, None] * shade[:, :, None] * np.asarray(base, dtype=np.float32)
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if kind == "cloth":
        pen = ImageDraw.Draw(picture)
        step = max(6, size // rng.randint(18, 36))
        for start in range(-size, size, step):
            pen.line((start, 0, start + size, size), fill=darker(base, 0.18), width=max(1, step // 4))
    elif kind == "grain":
        pen = ImageDraw.Draw(picture)
        for _ in range(60):
            x, y, reach = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(1, size / 80)
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=lighter(base, 0.4))
    return picture.filter(ImageFilter.GaussianBlur(0.6))
