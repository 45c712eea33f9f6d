"""A folder of images by class: the folders are the category path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.readers.source import RawBatch
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

IMAGE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
)
"""Extensions, in lower case, of the files that are taken for images."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder tree of images.

    Attributes:
        path: The root folder; images directly in it have no category.
        separator: Between the levels of a category path.
        with_parts: Whether the first folder of an image names its part and domain, and the others are its category.
    """

    path: Path
    separator: str
    with_parts: bool = False

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.path)

    @property
    def encoding(self) -> str | None:
        """None: there is no text to decode."""
        return None

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns that stand for a file: its relative path, twice, and its folders."""
        return ("id", "image", "category", *(("split", "domain") if self.with_parts else ()))

    def notes(self) -> tuple[str, ...]:
        """Count the files that are left out because they are no images."""
        others = sum(1 for file in _walk(self.path) if not _is_image(file))
        return (f"{others} files that are no images by their extension are left out",) if others else ()

    def count(self) -> int:
        """Count the images."""
        return sum(map(_is_image, _walk(self.path)))

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the images, sorted: the files of a folder by name, then its folders by name."""
        files = islice(filter(_is_image, _walk(self.path)), first_row, None)
        while batch := list(islice(files, batch_rows)):
            yield self._batch(batch, columns)

    def _batch(self, files: list[str], columns: Sequence[str]) -> RawBatch:
        folders = [file.split("/")[:-1] for file in files]
        values: dict[str, list[str]] = {"id": files, "image": files}
        if self.with_parts:
            values["split"] = values["domain"] = [levels[0] if levels else "" for levels in folders]
            folders = [levels[1:] for levels in folders]
        values["category"] = [self.separator.join(levels) for levels in folders]
        return RawBatch(len(files), {name: values[name] for name in columns})


def open_folder(path: Path, *, separator: str, with_parts: bool = False) -> FolderSource:
    """Open a folder of images by class; `with_parts` as in `FolderSource`.

    Raises:
        CatalogError: SP211 where there is no image in it.
    """
    if not any(map(_is_image, _walk(path))):
        raise CatalogError(
            "SP211",
            "There is no image in the folder or below it.",
            where=str(path),
            fix=f"Known extensions are {', '.join(sorted(IMAGE_EXTENSIONS))}; give a table file as catalog.path for a table.",
        )
    return FolderSource(path, separator, with_parts)


def _walk(root: Path) -> Iterator[str]:
    """Name every file below `root`, as a sorted relative path with slashes; hidden ones are left out."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        for name in sorted(files):
            if not name.startswith("."):
                yield name if relative == "." else f"{relative}/{name}"


def _is_image(file: str) -> bool:
    return os.path.splitext(file)[1].lower() in IMAGE_EXTENSIONS  # noqa: PTH122 - a plain text operation
