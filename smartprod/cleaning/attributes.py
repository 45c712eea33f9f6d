"""Attributes of a product as one readable text: `colour: red, blue. size: 42`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from smartprod.cleaning.html import clean_html
from smartprod.cleaning.words import tokenize_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_EMPTY_WORDS = frozenset({"", "-", "--", "n/a", "na", "nan", "nil", "none", "null", "undefined"})
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.\-]*:)?//\S+|www\.\S+|(?:data|mailto|javascript):\S*", re.IGNORECASE)
_NAME_KEYS = ("name", "key", "label", "title", "attribute")
_VALUE_KEYS = ("value", "values", "val", "content")


def flatten_attributes(attributes: Mapping[str, object], *, skip: Collection[str] = ()) -> str:
    """Write attributes as text, in their order.

    Names in camelCase, snake_case or kebab-case become words; values may hold HTML. Lists are separated by commas,
    nested attributes become `size: width 3, height 4`, and a list of `{"name": ..., "value": ...}` reads like
    attributes of its own. Values that are empty, null, an address or a name for nothing (`N/A`) are left out.

    Args:
        attributes: Names and values as parsed from JSON or a Python literal.
        skip: Names to leave out at any level, in any case and spelling (`brandName` is `brand_name`).
    """
    unwanted = frozenset(_readable(name) for name in skip)
    sentences = []
    for name, value in _pairs(attributes):
        label = _readable(name)
        if label not in unwanted and (text := _write(value, unwanted)):
            sentences.append(f"{label}: {text}" if label else text)
    return ". ".join(sentence.rstrip(". ") for sentence in sentences)


def _pairs(attributes: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """Give names and values; a list of name-value objects counts as attributes in the place of the list."""
    for name, value in attributes.items():
        named = [_name_and_value(item) for item in value] if isinstance(value, list) else []
        if named and all(named):
            yield from (pair for pair in named if pair)
        else:
            yield str(name), value


def _name_and_value(item: object) -> tuple[str, object] | None:
    """Read `{"name": "colour", "value": "red"}` as the attribute it means."""
    if not isinstance(item, Mapping) or not 2 <= len(item) <= 3:
        return None
    keys = {str(key).lower(): key for key in item}
    name = next((keys[key] for key in _NAME_KEYS if key in keys), None)
    value = next((keys[key] for key in _VALUE_KEYS if key in keys), None)
    return (str(item[name]), item[value]) if name is not None and value is not None else None


def _write(value: object, unwanted: frozenset[str]) -> str:
    """Write one value; the parser of attributes limits how deep it nests."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}" if math.isfinite(value) else ""
        case Mapping():
            parts = ((_readable(str(name)), _write(item, unwanted)) for name, item in value.items())
            return ", ".join(
                f"{name} {text}".strip() for name, text in parts if text and name not in unwanted
            )
        case list() | tuple() | set() | frozenset():
            return ", ".join(dict.fromkeys(text for item in value if (text := _write(item, unwanted))))
        case _:
            return _write_text(str(value))


def _write_text(value: str) -> str:
    text = clean_html(value).replace("\n", ", ")
    if text.lower() in _EMPTY_WORDS or _ADDRESS.fullmatch(text):
        return ""
    return ", ".join(filter(None, (part.strip() for part in text.split("|")))) if "|" in text else text


@lru_cache(maxsize=10_000)
def _readable(name: str) -> str:
    return " ".join(tokenize_key(clean_html(name)))
