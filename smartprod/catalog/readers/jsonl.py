"""JSON lines: one object per line, plain or gzipped; a line that is none keeps its row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from smartprod.catalog.readers.records import records_by_column
from smartprod.catalog.readers.source import BATCH_CHARACTERS, BadRecord, RawBatch
from smartprod.catalog.readers.text_lines import OverlongLine, PhysicalLines, open_text
from smartprod.catalog.status import Status
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_LOOK_AHEAD = 1_000
_FIELDS_IN_LIMIT = 64


@dataclass(frozen=True, slots=True)
class JsonLinesSource:
    """A file of JSON lines.

    Attributes:
        path: The file, plain or gzipped.
        encoding: Declared encoding.
        field_limit: Most characters of one field.
    """

    path: Path
    encoding: str
    field_limit: int

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the keys of the first 1,000 records, and read on until the `required` ones are seen.

        Raises:
            CatalogError: SP214 where the file has no line.
        """
        keys: dict[str, None] = {}
        seen = 0
        for line_number, line in self._lines():
            if seen >= _LOOK_AHEAD and keys and all(name in keys for name in required):
                break
            seen += 1
            record = _parse(line, line_number)
            if isinstance(record, dict):
                keys.update(dict.fromkeys(record))
        if not seen:
            raise CatalogError(
                "SP214",
                "The table is empty: it has no line.",
                where=self.place,
                fix="Write one JSON object per line.",
            )
        return tuple(keys)

    def notes(self) -> tuple[str, ...]:
        """Nothing is decided or left out."""
        return ()

    def count(self) -> int:
        """Count the lines that are not blank."""
        return sum(1 for _ in self._lines())

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the values of the named keys; blank lines are no records."""
        batch: list[dict | BadRecord] = []
        characters = 0
        for number, line in islice(self._lines(), first_row, None):
            batch.append(_parse(line, number))
            characters += len(line)
            if len(batch) == batch_rows or characters > BATCH_CHARACTERS:
                yield records_by_column(batch, columns)
                batch, characters = [], 0
        if batch:
            yield records_by_column(batch, columns)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Number and text of every line that is not blank."""
        with open_text(self.path, self.encoding) as stream:
            limit = self.field_limit * _FIELDS_IN_LIMIT
            lines = PhysicalLines(stream, line_limit=limit, record_limit=limit)
            for line in lines:
                lines.begin_record()
                if type(line) is OverlongLine or line.strip():
                    yield lines.number, line


def _parse(line: str, number: int) -> dict | BadRecord:
    if type(line) is OverlongLine:
        return BadRecord(f"line {number}: longer than a record may be", Status.TOO_LARGE)
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        return BadRecord(f"line {number}: not JSON ({error.msg}, character {error.pos + 1})")
    except (ValueError, RecursionError):
        return BadRecord(f"line {number}: JSON with a number too long or nested too deeply")
    if not isinstance(record, dict):
        return BadRecord(f"line {number}: JSON, but not an object")
    return record
