"""Cells of any type to text: numbers, lists, dictionaries, bytes and missing values of several libraries."""

from __future__ import annotations

import json
import math
from datetime import date, time
from typing import TYPE_CHECKING

from smartprod.catalog.readers.text_lines import decode_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

NULL_WORDS = frozenset({"nan", "NaN", "None", "NULL", "null", "<NA>"})
"""Whole cells that mean nothing was given, as pandas, Python, SQL and JavaScript print it.

The case counts: a product or category called `Nan` is one.
"""


def plain_value(value: object) -> object:
    """Turn a value of numpy, pandas or Arrow into plain Python; every kind of missing value becomes None."""
    if type(value) is str:
        return value
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(item) for item in value]
    return None if _is_missing(value) else value


def cell_text(value: object) -> str | None:
    """Write a cell as text, or None where nothing was given.

    Whole floats lose their `.0` (an id column with gaps becomes floats in pandas); the items of a list are joined by a
    space; a dictionary is written as JSON; bytes are read as UTF-8.
    """
    match plain_value(value):
        case None:
            return None
        case dict() as mapping:
            return json_text(mapping)
        case list() as items:
            return " ".join(text for item in items if (text := cell_text(item)))
        case scalar:
            return _scalar_text(scalar)


def list_cell(value: object) -> list[str | None] | None:
    """Write the items of a cell that is a list as text, or None where it is no list."""
    plain = plain_value(value)
    return texts(plain) if isinstance(plain, list) else None


def json_text(value: object) -> str:
    """Write plain data as JSON, non-ASCII letters as they are."""
    return json.dumps(value, ensure_ascii=False, default=cell_text)


def texts(values: Iterable[object]) -> list[str | None]:
    """Write a column of cells as text."""
    return [value if type(value) is str else cell_text(value) for value in values]


def _scalar_text(value: object) -> str:
    match value:
        case bool() as truth:
            return "true" if truth else "false"
        case float() as number if number.is_integer() and abs(number) < 1e15:
            return str(int(number))
        case bytes() | bytearray() as data:
            return decode_bytes(bytes(data))
        case date() | time() as moment:
            return moment.isoformat()
        case other:
            return str(other)


def _is_missing(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in {"NAType", "NaTType"}
