"""Titles, descriptions and attributes of one product, at the clarity its plan asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from smartprod.demo import wording
from smartprod.demo.markup import render_markup
from smartprod.demo.wording import WORDINGS

# How much a text tells: the noun in the title and facts; facts under a vague title; hardly anything but other classes' words.
CLARITIES = ("clear", "hinted", "poor")
_CLARITY_WEIGHTS = (0.5, 0.4, 0.1)


@dataclass(frozen=True, slots=True)
class ProductText:
    """The text fields of a row, as a shop exports them."""

    title: str
    description: str
    attributes: str


def write_text(
    leaf: str, colour: str, series: str, *, siblings: tuple[str, ...], told: bool, rng: Random
) -> ProductText:
    """Write a product's texts.

    Args:
        leaf: Its true leaf category.
        colour: Name of its main colour.
        series: Name of its series; then the text says nothing of the category. Empty for none.
        siblings: Leaf categories whose nouns cross-selling may mention.
        told: Whether the text must tell the category because its picture cannot.
        rng: Decides everything else.
    """
    slots = {
        "brand": rng.choice(wording.BRANDS),
        "series": series,
        "colour": colour,
        "number": str(rng.randint(1000, 9999)),
    }
    if series:
        title = rng.choice(wording.SERIES_TITLES).format(**slots)
        sentences = [s.format(**slots) for s in rng.sample(wording.SERIES_SENTENCES, rng.randint(1, 3))]
        sentences += rng.sample(wording.GENERIC, rng.randint(0, 2))
        facts = {"series": series, "colour": colour}
        return ProductText(title, render_markup(sentences, facts, rng), write_attributes(facts, rng))
    words = WORDINGS[leaf]
    clarity = "clear" if told and rng.random() < 0.55 else rng.choices(CLARITIES, _CLARITY_WEIGHTS)[0]
    if told and clarity == "poor":
        clarity = "hinted"
    noun = rng.choice(words.nouns)
    title = _title(noun if clarity == "clear" else "", rng.choice(words.vague), slots, rng)
    count = {"clear": rng.randint(1, 3), "hinted": rng.randint(1, 3), "poor": rng.choice([0, 0, 1])}[clarity]
    sentences = list(rng.sample(words.facts, min(count, len(words.facts))))
    if told and clarity == "hinted":
        sentences.append(f"{noun.capitalize()} by {slots['brand']}.")
    if rng.random() < (0.3 if clarity == "clear" else 0.5):
        other = rng.choice(WORDINGS[rng.choice(siblings)].nouns)
        sentences.append(rng.choice(wording.CROSS_SELLING).format(noun=other))
    sentences += rng.sample(wording.GENERIC, rng.randint(1, 4))
    if rng.random() < 0.25:
        sentences += rng.sample(wording.FOREIGN, rng.randint(1, 2))
    if rng.random() < 0.04:  # a few long ones
        sentences = list(dict.fromkeys([*sentences, *words.facts, *wording.GENERIC, *wording.FOREIGN]))
    rng.shuffle(sentences)
    if rng.random() < 0.2:
        sentences.insert(0, rng.choice(wording.SHOUTS))
    facts = {"brand": slots["brand"], "colour": colour}
    if clarity != "poor":
        facts["material"] = rng.choice(words.materials)
    if rng.random() < 0.3:
        facts["article"] = slots["number"]
    return ProductText(title, render_markup(sentences, facts, rng), write_attributes(facts, rng))


def _title(noun: str, vague: str, slots: dict[str, str], rng: Random) -> str:
    brand, colour, number = slots["brand"], slots["colour"], slots["number"]
    if not noun:
        return rng.choice(
            [f"{brand} {vague}", f"{vague} – {colour}", f"{brand} {vague} {number}", f"{vague} by {brand}"]
        )
    title = rng.choice(
        [
            f"{brand} {noun} {colour}",
            f"{colour} {noun} {vague}",
            f"{vague} {noun} by {brand}",
            f"{brand} {vague} {noun} {number}",
        ]
    )
    return title.upper() if rng.random() < 0.12 else title


def write_attributes(facts: dict[str, str], rng: Random) -> str:
    """Write attributes as shops do: JSON, a Python dict literal, nothing, or something broken."""
    kind = rng.choices(["json", "python", "none", "malformed"], [0.52, 0.22, 0.18, 0.08])[0]
    if kind == "none":
        return rng.choice(["", "", "{}", "None"])
    if kind == "python":
        return repr(facts)
    text = json.dumps(facts, ensure_ascii=rng.random() < 0.5)
    if kind == "malformed":
        return rng.choice(
            [
                text[: len(text) * 2 // 3],
                text.replace('"', ""),
                "; ".join(f"{k}={v}" for k, v in facts.items()),
            ]
        )
    return text
