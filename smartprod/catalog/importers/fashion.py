"""Fashion Product Images: `styles.csv`, whose last field has commas that nobody quoted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from smartprod.catalog.importers.native import NativeRecord, NativeSource, shortened
from smartprod.catalog.readers.source import BadRecord, Remark
from smartprod.catalog.readers.text_lines import OverlongLine, PhysicalLines, open_text
from smartprod.catalog.status import Status
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_HEADER = (
    "id", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season", "year", "usage",
    "productDisplayName",
)  # fmt: skip
_ATTRIBUTES = ("gender", "baseColour", "season", "year", "usage")
_LEVELS = ("masterCategory", "subCategory", "articleType")
_COLUMNS = ("id", "title", "attributes", "image", "category", "category_path", *_ATTRIBUTES, *_LEVELS)
_JOINED = "commas in productDisplayName that are not quoted: joined"


@dataclass(frozen=True, slots=True)
class FashionSource(NativeSource):
    """A `styles.csv`: one line is one product, whatever quotes and commas stand in it.

    Attributes:
        path: The file.
        declared: Its encoding.
        separator: Between the levels of a category path.
        image_folder: What stands before an image's name.
        field_limit: Most characters of a line.
    """

    path: Path
    declared: str
    separator: str
    image_folder: str
    field_limit: int

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def encoding(self) -> str | None:
        """The declared one."""
        return self.declared

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns; `category` is the article type, `category_path` goes from the master category to it."""
        return _COLUMNS

    def notes(self) -> tuple[str, ...]:
        """How many lines have commas that were joined."""
        joined = sum(len(record.remarks) for record in self.records(0) if isinstance(record, NativeRecord))
        return (f"{joined:,} lines have {_JOINED}",) if joined else ()

    def records(self, first_row: int) -> Iterator[NativeRecord | BadRecord]:
        """Stream the products; blank lines are none."""
        for number, line in islice(self._lines(), first_row, None):
            yield self._record(line, number)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with open_text(self.path, self.declared) as stream:
            lines = PhysicalLines(stream, line_limit=self.field_limit, record_limit=self.field_limit)
            next(lines, None)
            for line in lines:
                lines.begin_record()
                if type(line) is OverlongLine or line.strip():
                    yield lines.number, line

    def _record(self, line: str, number: int) -> NativeRecord | BadRecord:
        if type(line) is OverlongLine:
            return BadRecord(f"line {number}: longer than a record may be", Status.TOO_LARGE)
        if "\0" in line:
            return BadRecord(f"line {number}: holds NUL bytes")
        fields = next(csv.reader([line.rstrip("\r\n")]))
        if len(fields) < len(_HEADER):
            return BadRecord(f"line {number}: {len(fields)} fields where the header has {len(_HEADER)}")
        last = len(_HEADER) - 1
        name = ",".join(fields[last:])
        cells = dict(zip(_HEADER, [*fields[:last], name], strict=True))
        levels = [cells[level].strip() for level in _LEVELS]
        values: dict[str, object] = {name: cells[name] for name in (*_ATTRIBUTES, *_LEVELS)}
        values |= {
            "id": cells["id"],
            "title": name,
            "attributes": {name: cells[name] for name in _ATTRIBUTES if cells[name]},
            "image": f"{self.image_folder}{cells['id'].strip()}.jpg" if cells["id"].strip() else None,
            "category": cells["articleType"],
            "category_path": self.separator.join(level for level in levels if level),
        }
        remarks = (
            () if len(fields) == len(_HEADER) else (Remark(_JOINED, f"line {number}: {shortened(name)}"),)
        )
        return NativeRecord(values, remarks)


def open_fashion(
    path: Path, *, encoding: str, separator: str, image_folder: str, field_limit: int
) -> FashionSource:
    """Open a `styles.csv`, or the folder that it lies in.

    Raises:
        UsageError: SP262 where there is no such file, SP263 where its header is another one.
    """
    file = path / "styles.csv" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            "SP262", "There is no styles.csv in this folder.", where=str(path), fix="Give the file itself."
        )
    with open_text(file, encoding) as stream:
        line = next(PhysicalLines(stream, line_limit=field_limit, record_limit=field_limit), "")
    header = tuple(name.strip() for name in line.split(","))
    if header != _HEADER:
        raise UsageError(
            "SP263",
            "This is no styles.csv of Fashion Product Images: its header is another one.",
            where=f"{file}, line 1: {shortened(line, 120)}",
            fix=f"The header is {','.join(_HEADER)}; read other tables with catalog.format=csv.",
        )
    return FashionSource(file, encoding, separator, image_folder, field_limit)
