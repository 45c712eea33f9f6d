"""A labelling tool's table: the labels of each image, several in a cell or one per line, each a path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from smartprod.catalog.cell_text import NULL_WORDS, cell_text, plain_value
from smartprod.catalog.importers.native import NativeRecord, NativeSource, shortened
from smartprod.catalog.readers.source import BadRecord, Remark
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smartprod.catalog.readers.source import RecordSource
    from smartprod.config.schema import NativeConfig

_IMAGE_NAMES = ("image", "image_path", "image_name", "filename", "file_name", "file", "path", "photo", "img")
_LABEL_NAMES = ("labels", "label", "categories", "category", "choices", "choice", "taxonomy", "tags", "class")
_JSON_KEYS = ("choices", "taxonomy", "labels")
_BATCH_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class LabelsSource(NativeSource):
    """A table of images and labels; lines of one image become one row, in the place of the first of them.

    All names and labels are held in memory, for lines of one image may stand anywhere.

    Attributes:
        base: The table as it stands.
        columns: Of the base.
        image_column: Which of them names the image.
        labels_column: Which of them holds the labels.
        label_separator: Between the labels of a cell.
        level_separator: Between the levels of a label.
        separator: Between the levels of a category path in our table.
        image_folder: What stands before an image's name.
    """

    base: RecordSource
    columns: tuple[str, ...]
    image_column: str
    labels_column: str
    label_separator: str
    level_separator: str
    separator: str
    image_folder: str

    @property
    def place(self) -> str:
        """The table."""
        return self.base.place

    @property
    def encoding(self) -> str | None:
        """That of the table."""
        return self.base.encoding

    @property
    def list_columns(self) -> frozenset[str]:
        """The categories."""
        return frozenset({"category"})

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns: image and category, and the others of the table."""
        used = {self.image_column, self.labels_column}
        return tuple(
            dict.fromkeys(("id", "image", "category", *(name for name in self.columns if name not in used)))
        )

    def notes(self) -> tuple[str, ...]:
        """What the table's own reader says, and how many lines became how many rows."""
        lines, rows = self.base.count(), self.count()
        told = (
            f"{lines:,} lines of columns '{self.image_column}' and '{self.labels_column}' are {rows:,} images"
        )
        return (*self.base.notes(), told)

    def records(self, first_row: int) -> Iterator[NativeRecord | BadRecord]:
        """Stream the images."""
        yield from islice(self._gathered().values(), first_row, None)

    def _gathered(self) -> dict[object, NativeRecord | BadRecord]:
        rows: dict[object, NativeRecord | BadRecord] = {}
        number = 0
        for raw in self.base.batches(self.columns, _BATCH_ROWS):
            for position in range(raw.size):
                bad = raw.bad.get(position)
                cells = {name: raw.columns[name][position] for name in self.columns}
                image = (cell_text(cells[self.image_column]) or "").strip()
                if bad is None and (not image or image in NULL_WORDS):
                    bad = BadRecord(
                        f"row {number}: names no image; labels {shortened(cells[self.labels_column])}"
                    )
                if bad is not None:
                    rows[number] = bad
                else:
                    before = rows.get(image)
                    rows[image] = self._joined(
                        before if isinstance(before, NativeRecord) else None, cells, image, number
                    )
                number += 1
        return rows

    def _joined(
        self, before: NativeRecord | None, cells: Mapping[str, object], image: str, number: int
    ) -> NativeRecord:
        """Make the row of an image, or add the labels of a further line to it."""
        paths, remarks = self._paths(cells[self.labels_column], f"row {number}, {image}")
        if before is None:
            values = {
                name: value
                for name, value in cells.items()
                if name not in {self.image_column, self.labels_column}
            }
            values = {"id": image} | values | {"image": self._image(image), "category": paths}
            return NativeRecord(values, remarks)
        known = before.values["category"]
        assert isinstance(known, list)
        known.extend(path for path in paths if path not in known)
        gathered = Remark("further lines of an image: joined with its first one", f"row {number}, {image}")
        return NativeRecord(before.values, (*before.remarks, gathered, *remarks))

    def _image(self, image: str) -> str:
        """Name the file; an absolute path of the tool's own machine is looked for by its last part in a given folder."""
        name = image.replace("\\", "/")
        if self.image_folder and name.startswith("/"):
            name = name.rpartition("/")[2]
        return self.image_folder + name if self.image_folder else image

    def _paths(self, cell: object, where: str) -> tuple[list[str], tuple[Remark, ...]]:
        value = plain_value(cell)
        remarks: tuple[Remark, ...] = ()
        if isinstance(value, str) and value.strip()[:1] in {"[", "{"}:
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                remarks = (
                    Remark(
                        "labels that begin like JSON and are none: split as text",
                        f"{where}: {shortened(cell)}",
                    ),
                )
        if isinstance(value, str):
            value = [] if value.strip() in NULL_WORDS else value.split(self.label_separator)
        paths = (self._path(label) for label in _labels(value))
        return list(dict.fromkeys(path for path in paths if path)), remarks

    def _path(self, label: list[str]) -> str:
        return self.separator.join(
            part.strip() for level in label for part in level.split(self.level_separator) if part.strip()
        )


def _labels(value: object) -> Iterator[list[str]]:
    """Give the levels of each label, of a list of labels, of paths as lists (a taxonomy), or of an object with either."""
    if isinstance(value, dict):
        for key in _JSON_KEYS:
            yield from _labels(value.get(key))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, list) and all(isinstance(level, str) for level in item):
                yield item
            else:
                yield from _labels(
                    item if isinstance(item, (list, dict)) else str(item) if item is not None else None
                )
    elif isinstance(value, str):
        yield [value]


def open_labels(
    base: RecordSource, native: NativeConfig, *, separator: str, image_folder: str
) -> LabelsSource:
    """Open a labelling tool's table.

    Raises:
        UsageError: SP264 where it has no column of images or of labels.
    """
    columns = base.find_columns(())
    image = _column(columns, native.image_column, _IMAGE_NAMES)
    labels = _column(columns, native.labels_column, _LABEL_NAMES)
    if image is None or labels is None:
        sought = "image" if image is None else "labels"
        raise UsageError(
            "SP264",
            f"The table has no column of {'images' if image is None else 'labels'} that is known by its name.",
            where=f"{base.place}, columns found: {', '.join(columns)}",
            fix=f"Set catalog.native.{sought}_column to one of them.",
        )
    return LabelsSource(
        base, columns, image, labels, native.label_separator, native.level_separator, separator, image_folder
    )


def _column(columns: Collection[str], named: str | None, known: Collection[str]) -> str | None:
    if named is not None:
        return named if named in columns else None
    folded = {name.casefold(): name for name in columns}
    return next((folded[name] for name in known if name in folded), None)
