"""What a sweep varies: configuration keys, each with values to try or a range to draw from."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from smartprod.errors import UsageError

_RANGE = re.compile(
    r"(?P<log>log:)?(?P<low>-?[\d.]+(?:e-?\d+)?)\.\.(?P<high>-?[\d.]+(?:e-?\d+)?)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Choices:
    """A key and the values to try, as on the command line."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A key and the numbers between which to draw.

    Attributes:
        key: The key.
        low, high: Ends, both included.
        whole: Whether only whole numbers are meant.
        log: Whether ratios count instead of differences.
    """

    key: str
    low: float
    high: float
    whole: bool
    log: bool


Dimension = Choices | Range


def parse_dimension(text: str) -> Dimension:
    """Read `key=1,2,3` (values to try), `key=0..0.6` or `key=log:1e-4..1e-2` (a range).

    Commas inside brackets belong to a value: `extract.image=[lite0],[lite0,lite2]`.

    Raises:
        UsageError: (SP939) It is none of these.
    """
    key, equals, given = text.partition("=")
    key, given = key.strip(), given.strip()
    wide = _RANGE.fullmatch(given)
    if equals and key and wide is not None:
        low, high = float(wide["low"]), float(wide["high"])
        log = wide["log"] is not None
        if low < high and (low > 0 or not log):
            whole = not any(sign in wide["low"] + wide["high"] for sign in ".eE")
            return Range(key, low, high, whole=whole, log=log)
    elif equals and key and given:
        values = tuple(dict.fromkeys(part.strip() for part in _split(given)))
        if all(values):
            return Choices(key, values)
    raise UsageError(
        "SP939",
        f"`{text}` names no values to try",
        where="--try",
        fix="write key=value,value,...; with --trials also key=low..high or key=log:low..high",
    )


def grid(dimensions: Sequence[Dimension]) -> list[dict[str, str]]:
    """Every combination of the values, the last key varying fastest.

    Raises:
        UsageError: (SP947) A key has a range, which has no end of values.
    """
    for dimension in dimensions:
        if isinstance(dimension, Range):
            raise UsageError(
                "SP947",
                f"`{dimension.key}` has a range, of which a grid cannot try everything",
                where="--try",
                fix="add --trials N, or name the values: key=value,value,...",
            )
    keys = [dimension.key for dimension in dimensions]
    values = [dimension.values for dimension in dimensions if isinstance(dimension, Choices)]
    return [dict(zip(keys, each, strict=True)) for each in itertools.product(*values)]


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
