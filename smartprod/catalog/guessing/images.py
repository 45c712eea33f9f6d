"""Where the photos that a table names are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from smartprod.catalog.image_paths import list_images
from smartprod.remote import is_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOOKED_AT = 200
_FOLDERS = 500


@dataclass(frozen=True, slots=True)
class ImagesGuess:
    """Where photos are.

    Attributes:
        root: The folder that their paths start from.
        looked_at: Paths that were looked for.
        found: How many of them are there.
        addresses: Addresses among the names; these are fetched only where the configuration allows it.
    """

    root: Path
    looked_at: int
    found: int
    addresses: int


def find_images(cells: Sequence[str | None], folder: Path) -> ImagesGuess:
    """Look for the first photos below the table's folder, and below each folder beside it."""
    names = list(islice(_names(cells), _LOOKED_AT))
    addresses = sum(map(is_address, names))
    paths = [name for name in names if not is_address(name)]
    best = ImagesGuess(folder, len(paths), _there(paths, folder), addresses)
    if paths and not best.found:
        for root in _folders(folder):
            found = _there(paths, root)
            if found > best.found:
                best = ImagesGuess(root, len(paths), found, addresses)
    return best


def _names(cells: Sequence[str | None]) -> Iterator[str]:
    for cell in cells:
        if cell is not None:
            try:
                yield from list_images(cell)[:1]
            except ValueError:
                continue


def _there(paths: Sequence[str], root: Path) -> int:
    return sum((root / PurePosixPath(path.replace("\\", "/"))).is_file() for path in paths)


def _folders(folder: Path) -> Iterator[Path]:
    """Folders below one, two levels down, in the order of their names; not more than a few hundred."""
    found = 0
    for place, names, _ in os.walk(folder):
        names.sort()
        depth = len(Path(place).relative_to(folder).parts)
        if depth >= 2:
            names.clear()
        for name in names:
            found += 1
            if found > _FOLDERS:
                return
            yield Path(place) / name
