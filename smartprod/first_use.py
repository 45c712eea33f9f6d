"""Public names of a room that are imported when they are first used (PEP 562), so that a room costs what is used of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def imported_on_first_use(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a room.

    Args:
        room: Name of the package.
        homes: The module of the package that each name stands in.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{homes[name]}"), name)

    return load
