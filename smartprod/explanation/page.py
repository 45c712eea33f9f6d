"""An explanation as one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING

from smartprod.explanation.told import (
    NO_PRODUCTS,
    strongest_words,
    told_contribution,
    told_decision,
    told_percent,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from smartprod.explanation.explanation import Explanation

_FULL_COLOUR = 1.0  # log-odds from which a word has its full colour, at least


def explanation_page(explanation: Explanation) -> str:
    """Write the page: self-contained, light and dark, readable on a phone."""
    return _render(explanation, "explanation.html.j2")


def explanation_sections(explanation: Explanation) -> str:
    """Write the sections alone, for a page of one's own; they stand in an element of the class `why`, with `explanation_style()`."""
    return _render(explanation, "sections.html.j2")


def explanation_parts(explanation: Explanation, *, truths: Collection[str]) -> str:
    """Write the sections without their heading, for a report that has one, and knows the categories that the table gives."""
    return _render(explanation, "parts.html.j2", level=3, truths=truths)


def explanation_style() -> str:
    """The style of the sections; everything in it is below `.why`."""
    return (resources.files("smartprod.explanation") / "templates" / "why.css").read_text(encoding="utf-8")


def _render(explanation: Explanation, template: str, *, level: int = 2, truths: Collection[str] = ()) -> str:
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("smartprod.explanation", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "jpeg": _data_uri,
        "percent": told_percent,
        "points": lambda value: _signed(value * 100, 1),
        "signed": _signed,
        "weight": "{:.2f}".format,
    }
    strongest = max([_FULL_COLOUR, *(abs(word.weight) for word in explanation.words)])
    return environment.get_template(template).render(
        it=explanation,
        level=level,
        truths=truths,
        contribution=told_contribution(explanation),
        no_products=NO_PRODUCTS,
        decision=told_decision(explanation.decision),
        words=[
            (word.text, word.weight, round(min(abs(word.weight) / strongest, 1) * 60))
            for word in explanation.words
        ],
        words_for=strongest_words(explanation),
        words_against=strongest_words(explanation, against=True),
    )


def _data_uri(content: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")


def _signed(value: float, digits: int = 2) -> str:
    """A number with its sign, a true minus."""
    return f"{value:+.{digits}f}".replace("-", "−")
