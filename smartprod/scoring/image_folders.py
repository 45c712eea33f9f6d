"""The folders that images were found in: when one goes away, the rest must not be answered as if it had no images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import JobError

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_REMEMBERED = 32


class ImageFolders:
    """Remembers a folder of each part, and looks whether it is still there."""

    def __init__(self) -> None:
        self._folders: dict[Path, None] = {}

    def note(self, products: pa.Table) -> None:
        """Remember where the first image of some rows of the product table was found on disk."""
        for paths in products["images"]:
            for path in paths.as_py() or ():
                folder = Path(path).parent
                if folder.is_dir() and len(self._folders) < _MOST_REMEMBERED:  # not so for a URL
                    self._folders[folder] = None
                return

    def check(self) -> None:
        """Look after the folders.

        Raises:
            JobError: (SP817) One has gone: a disk was taken off, or somebody cleared up.
        """
        for folder in self._folders:
            if not folder.is_dir():
                raise JobError(
                    "SP817",
                    "the folder of the images has gone while the table was scored",
                    where=str(folder),
                    fix="put it back; what was finished is kept",
                )
