"""Colours and finishes of drawn products, and the light they stand in."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random

Colour = tuple[int, int, int]

NAMED_COLOURS: dict[str, Colour] = {
    "white": (240, 239, 234),
    "cream": (233, 222, 198),
    "sand": (212, 188, 150),
    "grey": (150, 153, 156),
    "charcoal": (70, 72, 76),
    "black": (38, 38, 42),
    "red": (192, 46, 44),
    "coral": (228, 112, 92),
    "orange": (226, 132, 44),
    "mustard": (214, 170, 58),
    "yellow": (238, 206, 84),
    "olive": (122, 126, 66),
    "green": (66, 134, 82),
    "mint": (158, 208, 186),
    "teal": (38, 126, 130),
    "sky blue": (128, 182, 218),
    "blue": (48, 92, 168),
    "navy": (40, 54, 96),
    "lilac": (178, 156, 206),
    "plum": (112, 54, 100),
    "pink": (230, 160, 178),
    "brown": (118, 76, 50),
    "tan": (176, 126, 82),
}

WOODS: tuple[Colour, ...] = ((176, 128, 80), (142, 96, 58), (206, 166, 116), (104, 68, 44))
STEEL: Colour = (186, 190, 196)
BRASS: Colour = (200, 166, 92)
DARK: Colour = (44, 44, 48)
FINISHES = ("matte", "glossy", "satin")
PATTERNS = ("plain", "plain", "band", "stripes", "dots", "two-tone")


@dataclass(frozen=True, slots=True)
class Style:
    """How one design looks: shared by all views of a product and by its series.

    Attributes:
        name: The main colour's name, as a shop would print it.
        main, accent: sRGB colours, 0 to 255.
        finish: One of `FINISHES`.
        pattern: One of `PATTERNS`.
        wood: The tone of wooden parts.
    """

    name: str
    main: Colour
    accent: Colour
    finish: str
    pattern: str
    wood: Colour


def pick_style(rng: Random) -> Style:
    """Draw a style: a named colour a little off its nominal value, and an accent that differs from it."""
    name = rng.choice(list(NAMED_COLOURS))
    other = rng.choice([n for n in NAMED_COLOURS if n != name])
    return Style(
        name=name,
        main=vary(NAMED_COLOURS[name], rng, 0.05),
        accent=vary(NAMED_COLOURS[other], rng, 0.05),
        finish=rng.choice(FINISHES),
        pattern=rng.choice(PATTERNS),
        wood=vary(rng.choice(WOODS), rng, 0.04),
    )


def vary(colour: Colour, rng: Random, amount: float) -> Colour:
    """Shift hue, saturation and value of a colour by at most `amount` (0 to 1)."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(c / 255 for c in colour))
    hue = (hue + rng.uniform(-amount, amount) * 0.5) % 1.0
    saturation = min(1.0, max(0.0, saturation + rng.uniform(-amount, amount)))
    value = min(1.0, max(0.0, value + rng.uniform(-amount, amount)))
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; `share` 0 gives the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(colour: Colour, amount: float) -> Colour:
    """Blend a colour with black."""
    return mix(colour, (0, 0, 0), amount)


def lighter(colour: Colour, amount: float) -> Colour:
    """Blend a colour with white."""
    return mix(colour, (255, 255, 255), amount)
