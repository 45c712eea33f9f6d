"""Settings by class: a class is named by its path, or by the last part of it where only one class ends so."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smartprod.errors import UsageError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least similarity of each class.

    Attributes:
        by_class: By the name of the class.
        notes: Exceptions that no learned class is called by: the class policy may have left it out, or it is misspelt.
    """

    by_class: Mapping[str, float]
    notes: tuple[str, ...]


def thresholds_by_class(
    classes: Sequence[str], *, similarity: float, exceptions: Mapping[str, float], separator: str
) -> Thresholds:
    """The least similarity of each class.

    Args:
        classes: Names of all learned classes.
        similarity: Of most of them.
        exceptions: Of some, by name.
        separator: Between the levels of a class path.

    Raises:
        UsageError: (SP541) An exception may mean several classes.
    """
    found, notes = dict.fromkeys(classes, similarity), []
    for name, value in exceptions.items():
        meant = (
            [name] if name in found else [path for path in classes if path.rpartition(separator)[2] == name]
        )
        if len(meant) > 1:
            raise UsageError(
                "SP541",
                f"`{name}` may mean {len(meant)} classes",
                where=f"resample.other_images.exceptions: {name}",
                fix=f"write the path: {', '.join(meant[:4])}",
            )
        if meant:
            found[meant[0]] = value
        else:
            close = difflib.get_close_matches(name, classes, n=1)
            hint = f", the nearest is `{close[0]}`" if close else ""
            notes.append(f"resample.other_images.exceptions: no learned class is called `{name}`{hint}")
    return Thresholds(found, tuple(notes))
