"""Attributes of a product: a JSON object or a Python dict literal, parsed without running anything."""

from __future__ import annotations

import ast
import json
import warnings

from smartprod.catalog.cell_text import NULL_WORDS
from smartprod.catalog.nesting import is_nested_deeper

MAX_CHARACTERS = 200_000
"""Longest attributes text that is parsed: a syntax tree takes about 100 times its text in memory."""

MAX_DEPTH = 20
"""Deepest nesting that is parsed."""

# NaN and Infinity say nothing about a product; line breaks inside of strings are common and harmless.
_JSON = json.JSONDecoder(parse_constant=lambda _: None, strict=False)

_NAMES: dict[str, object] = {
    **dict.fromkeys(("nan", "NaN", "inf", "null", "undefined"), None),
    "true": True,
    "false": False,
}


def parse_attributes(raw: str | None) -> dict[str, object]:
    """Parse attributes as a JSON object or a Python dict literal.

    Beside what JSON and Python allow, the bare words nan, null, true and false are understood in either, since
    printed dictionaries are full of them; nan and infinity become None. Keys become text, sets and tuples lists.

    Args:
        raw: Text of the cell; None, blank text, `nan`, `[]` and the like give an empty dictionary.

    Raises:
        ValueError: With a short reason where the text is neither, too long or nested too deeply.
    """
    text = (raw or "").strip()
    if not text or text in NULL_WORDS or text == "[]":
        return {}
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"longer than {MAX_CHARACTERS:,} characters")
    if not text.startswith("{"):
        raise ValueError("not an object in braces")
    try:
        parsed = _JSON.decode(text)
    except (ValueError, RecursionError):
        parsed = _parse_literal(text)
    if not isinstance(parsed, dict):
        raise ValueError("not an object in braces")  # noqa: TRY004 - one kind of error for a bad cell
    if text.count("{") + text.count("[") > MAX_DEPTH and is_nested_deeper(parsed, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return {key: _whole(value) for key, value in parsed.items()} if "\\ud" in text.lower() else parsed


def parse_list(raw: str) -> list[object]:
    """Parse a JSON list or a Python list literal.

    Raises:
        ValueError: With a short reason where the text is neither.
    """
    try:
        parsed = _JSON.decode(raw)
    except (ValueError, RecursionError):
        parsed = _parse_literal(raw)
    if not isinstance(parsed, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004 - one kind of error for a bad cell
    return list(parsed)


def _parse_literal(text: str) -> object:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"longer than {MAX_CHARACTERS:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stray backslash in a literal is no concern of the user's
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError("neither JSON nor a Python literal") from None
    return _evaluate(tree.body, depth=0)


def _evaluate(node: ast.expr, *, depth: int) -> object:
    """Evaluate a literal; unlike `ast.literal_eval` with nan and null, and with a limit on the nesting."""
    if depth > MAX_DEPTH + 1:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=bytes() as data):
            return data.decode("utf-8", "replace")
        case ast.Constant(value=int() as number) if number.bit_length() > 10_000:
            raise ValueError("holds a number too long")
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            signed = _evaluate(operand, depth=depth + 1)
            if isinstance(signed, int | float):
                return -signed if isinstance(sign, ast.USub) else signed
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_evaluate(item, depth=depth + 1) for item in items]
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {
                str(_evaluate(key, depth=depth + 1)): _evaluate(value, depth=depth + 1)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
    raise ValueError("neither JSON nor a Python literal")


def _whole(value: object) -> object:
    """Replace halves of escaped surrogate pairs, which no file and no tokeniser takes."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
