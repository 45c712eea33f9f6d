"""Settings by class: a class is named by its path, or by the last part of it where only one class ends so."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def thresholds_by_class(
    classes: Sequence[str], *, similarity: float, exceptions: Mapping[str, float], separator: str
) -> dict[str, float]:
    """The least similarity of each class.

    Args:
        classes: Names of all learned classes.
        similarity: Of most of them.
        exceptions: Of some, by name.
        separator: Between the levels of a class path.

    Raises:
        UsageError: An exception names no learned class (SP540), or may mean several (SP541).
    """
    found = dict.fromkeys(classes, similarity)
    for name, value in exceptions.items():
        found[_class_named(name, classes, separator)] = value
    return found


def _class_named(name: str, classes: Sequence[str], separator: str) -> str:
    if name in classes:
        return name
    ending = [path for path in classes if path.rpartition(separator)[2] == name]
    where = f"resample.other_images.exceptions: {name}"
    if not ending:
        close = difflib.get_close_matches(name, classes, n=3, cutoff=0.3)
        raise UsageError(
            "SP540",
            f"no learned class is called `{name}`",
            where=where,
            fix=f"the nearest are {', '.join(close)}" if close else "take it out",
        )
    if len(ending) > 1:
        raise UsageError(
            "SP541",
            f"`{name}` may mean {len(ending)} classes",
            where=where,
            fix=f"write the path: {', '.join(ending[:4])}",
        )
    return ending[0]
