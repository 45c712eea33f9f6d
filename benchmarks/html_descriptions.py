"""Shop-like HTML descriptions of 300 to 3,000 characters, drawn from a word list."""

from __future__ import annotations

import random
from dataclasses import dataclass

SHORTEST, LONGEST = 300, 3_000


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


ADJECTIVES = _words(
    "soft light durable breathable waterproof elegant classic modern compact wireless adjustable foldable organic "
    "stainless seamless padded slim relaxed vintage reversible insulated quick-dry hand-finished everyday premium"
)
NOUNS = _words(
    "shirt jacket kettle backpack headphones sneakers lamp sofa blender watch dress tent charger bottle mattress "
    "jeans speaker desk camera scarf pan helmet keyboard curtain boots sunglasses drill toaster rug tripod"
)
MATERIALS = _words(
    "cotton polyester steel leather wool bamboo aluminium glass nylon linen oak silicone rubber"
)
VERBS = _words(
    "keeps offers combines protects fits supports resists delivers brings carries warms charges folds"
)
OBJECTS = _words(
    "all-day comfort; a clean look; enough room for daily essentials; even heat; reliable power; a secure fit; "
    "moisture away from the skin; clear sound; quiet operation; years of use; easy care; a firm grip; natural light",
    "; ",
)
NAMES = _words(
    "colour size material weight warranty origin care capacity power battery closure pattern season"
)
ENTITIES = (
    "&nbsp;",
    "&amp;",
    "&mdash;",
    "&reg;",
    "&deg;C",
    "&frac12;",
    "&eacute;",
    "&#8217;s",
    "&quot;fit&quot;",
)
STYLES = (
    "text-align: justify;",
    "color:#333333;font-size:14px",
    "margin:0 0 10px; line-height: 1.5",
    "font-family: Arial",
)
BOILERPLATE = (
    "<p><em>Free delivery &amp; returns within 30 days.</em><br/>Model shown is 180&nbsp;cm tall.</p>"
)


@dataclass(frozen=True, slots=True)
class Description:
    """A product as a shop's table has it."""

    title: str
    html: str


def draw_descriptions(count: int, *, seed: int = 0) -> list[Description]:
    """Draw products; lengths are even between the shortest and the longest, and all texts differ."""
    rng = random.Random(seed)
    return [_draw(rng, rng.randint(SHORTEST, LONGEST), number) for number in range(count)]


def _draw(rng: random.Random, length: int, number: int) -> Description:
    noun = rng.choice(NOUNS)
    title = f"{rng.choice(ADJECTIVES).title()} {rng.choice(MATERIALS)} {noun} {number}"
    blocks = [f"<h2>{title}</h2>"]
    size = len(blocks[0])
    kinds = (_paragraph, _paragraph, _list, _table, lambda *_: BOILERPLATE)
    while size < length:
        block = rng.choice(kinds)(rng, noun)
        if size + len(block) > LONGEST:
            break
        blocks.append(block)
        size += len(block)
    return Description(title, "\n".join(blocks))


def _sentence(rng: random.Random, noun: str) -> str:
    words = f"The {rng.choice(ADJECTIVES)} {rng.choice(MATERIALS)} {noun} {rng.choice(VERBS)} {rng.choice(OBJECTS)}"
    if rng.random() < 0.3:
        words += f" {rng.choice(ENTITIES)} {rng.randint(2, 90)} {rng.choice(('cm', 'kg', 'W', 'mAh', 'ml'))}"
    return f"{words}."


def _paragraph(rng: random.Random, noun: str) -> str:
    text = " ".join(_sentence(rng, noun) for _ in range(rng.randint(1, 4)))
    inner = f"<strong>{rng.choice(ADJECTIVES).title()}:</strong> {text}" if rng.random() < 0.4 else text
    style = f' style="{rng.choice(STYLES)}"' if rng.random() < 0.6 else ""
    return f"<p{style}>{inner}</p>" if rng.random() < 0.7 else f"<div{style}><span>{inner}</span></div><br />"


def _list(rng: random.Random, noun: str) -> str:
    items = "".join(f"<li>{_sentence(rng, noun)[4:]}</li>" for _ in range(rng.randint(2, 5)))
    return f'<ul class="features">{items}</ul>'


def _table(rng: random.Random, _: str) -> str:
    rows = "".join(
        f"<tr><td><b>{name.title()}</b></td><td>{rng.choice(ADJECTIVES)} {rng.randint(1, 500)}</td></tr>"
        for name in rng.sample(NAMES, rng.randint(2, 5))
    )
    return f'<table border="0" cellpadding="2">{rows}</table>'
