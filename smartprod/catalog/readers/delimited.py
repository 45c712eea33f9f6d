"""CSV and TSV: streamed, with every record kept, whatever its line looks like."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from smartprod.catalog.readers.source import BATCH_CHARACTERS, BadRecord, RawBatch
from smartprod.catalog.readers.text_lines import OverlongLine, PhysicalLines, RecordTooLongError, open_text
from smartprod.catalog.status import Status
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_SNIFFED = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_FIELDS_IN_LIMIT = 64  # a record may hold this many fields of the largest size


@dataclass(frozen=True, slots=True)
class DelimitedSource:
    """A CSV or TSV file whose header has been read.

    Use `open_delimited` to make one.

    Attributes:
        path: The file, plain or gzipped.
        encoding: Declared encoding.
        delimiter: One character.
        header: Column names as they stand; a nameless column is called `column <n>`.
        header_lines: Physical lines up to and including the header.
        field_limit: Most characters of one field.
    """

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_lines: int
    field_limit: int

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the names of the header."""
        return self.header

    def notes(self) -> tuple[str, ...]:
        """Say which delimiter is in force."""
        return (
            f"fields separated by {_NAMES.get(self.delimiter, repr(self.delimiter))}, encoding {self.encoding}",
        )

    def count(self) -> int:
        """Count the records."""
        with open_text(self.path, self.encoding) as stream:
            return sum(1 for _ in self._records(stream))

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the named columns; blank lines are no records."""
        positions = {name: self.header.index(name) for name in columns}
        blank = [""] * len(self.header)
        rows: list[list[str]] = []
        bad: dict[int, BadRecord] = {}
        characters = 0
        with open_text(self.path, self.encoding) as stream:
            for record in islice(self._records(stream), first_row, None):
                if isinstance(record, BadRecord):
                    bad[len(rows)] = record
                    rows.append(blank)
                else:
                    rows.append(record)
                characters += sum(map(len, rows[-1]))
                if len(rows) == batch_rows or characters > BATCH_CHARACTERS:
                    yield _by_column(rows, positions, bad)
                    rows, bad, characters = [], {}, 0
        if rows:
            yield _by_column(rows, positions, bad)

    def _records(self, stream) -> Iterator[list[str] | BadRecord]:  # type: ignore[no-untyped-def]  # noqa: ANN001
        width = len(self.header)
        # A long field of many lines is one record too; only a quote that is never closed runs into the limit.
        limit = self.field_limit * _FIELDS_IN_LIMIT
        lines = PhysicalLines(stream, line_limit=limit, record_limit=limit)
        for _ in range(self.header_lines):
            next(lines)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, RecordTooLongError):
                yield self._rescue(lines)
                continue
            record = lines.record
            if len(fields) == width and len(record) == 1 and "\0" not in record[0]:
                yield fields
            elif fields or type(record[0]) is OverlongLine:
                yield self._judge(fields, lines)

    def _judge(self, fields: list[str], lines: PhysicalLines) -> list[str] | BadRecord:
        """Accept or refuse a record that parsed, but is not one line of the right number of fields."""
        width = len(self.header)
        first = lines.number - len(lines.record) + 1
        if type(lines.record[0]) is OverlongLine:
            return BadRecord(f"line {first}: longer than a record may be", Status.TOO_LARGE)
        if any(type(line) is OverlongLine for line in lines.record):
            lines.keep_first_line_only()
            return BadRecord(f"line {first}: a quote is opened and not closed")
        where = f"line {first}" if len(lines.record) == 1 else f"lines {first}-{lines.number}"
        if any("\0" in line for line in lines.record):
            return BadRecord(f"{where}: holds NUL bytes")
        if len(fields) == width:
            return fields
        if len(lines.record) > 1 and self._is_record(lines.record[1]):
            # The line behind the opened quote is a whole record of its own: it was swallowed.
            lines.keep_first_line_only()
            return BadRecord(f"line {first}: a quote is opened and not closed")
        return BadRecord(f"{where}: {_count(len(fields))} where the header has {width}")

    def _rescue(self, lines: PhysicalLines) -> list[str] | BadRecord:
        """Read the first line of a failed record by itself, leniently, and go on behind it."""
        alone = len(lines.record) == 1
        lines.keep_first_line_only()
        line = lines.record[0]
        width = len(self.header)
        # A second line that closes the quote shows whether the first leaves one open.
        reader = csv.reader(iter((line, '"\n')), delimiter=self.delimiter)
        fields = next(reader)
        if not alone or reader.line_num > 1:
            return BadRecord(f"line {lines.number}: a quote is opened and not closed")
        if "\0" in line:
            return BadRecord(f"line {lines.number}: holds NUL bytes")
        if len(fields) == width:
            return fields
        return BadRecord(f"line {lines.number}: {_count(len(fields))} where the header has {width}")

    def _is_record(self, line: str) -> bool:
        try:
            fields = next(csv.reader(iter((line,)), delimiter=self.delimiter, strict=True), [])
        except csv.Error:
            return False
        return len(fields) == len(self.header) > 1


def open_delimited(path: Path, *, encoding: str, delimiter: str | None, field_limit: int) -> DelimitedSource:
    """Read the header of a CSV or TSV file.

    Args:
        path: The file, plain or gzipped.
        encoding: Name of a Python codec.
        delimiter: One character, or None to choose among comma, semicolon, tab and bar by the header.
        field_limit: Most characters of one field.

    Raises:
        UsageError: SP203 where the encoding is unknown.
        CatalogError: SP207 for an empty file, SP208 where it cannot be read, SP209 for an unreadable header.
    """
    # Fields are measured against field_limit when a row is judged; csv's own process-wide limit must not come first.
    csv.field_size_limit(2**31 - 1)
    with open_text(path, encoding) as stream:
        lines = PhysicalLines(stream, line_limit=field_limit, record_limit=field_limit)
        first = _first_line(lines, path)
        if first.casefold().startswith("sep=") and len(first.strip()) == len("sep=") + 1:  # Excel's own hint
            delimiter = delimiter or first.strip()[-1]
            first = _first_line(lines, path)
        chosen = delimiter or sniff_delimiter(first)
        header = _header(first, lines, delimiter=chosen, path=path, encoding=encoding)
        return DelimitedSource(path, encoding, chosen, header, lines.number, field_limit)


def sniff_delimiter(header_line: str) -> str:
    """Choose the delimiter that stands most often in the header, outside of quotes; comma where none does."""
    bare = re.sub(r'"[^"]*"', "", header_line)
    return max(_SNIFFED, key=bare.count)  # the first of equals: comma


def _first_line(lines: PhysicalLines, path: Path) -> str:
    for line in lines:
        if line.strip() or type(line) is OverlongLine:
            lines.begin_record()
            return line
    raise CatalogError(
        "SP207",
        "The table is empty: it has no header line.",
        where=str(path),
        fix="Write a header line with the column names, such as id,title,description,image,category.",
    )


def _hint(first: str) -> str:
    if first.startswith("PK\x03\x04"):
        return "It is a zip file or a spreadsheet under another name: save the sheet as CSV (UTF-8). "
    return "It looks like UTF-16: set catalog.encoding=utf-16. " if "\0" in first else ""


def _header(
    first: str, lines: PhysicalLines, *, delimiter: str, path: Path, encoding: str
) -> tuple[str, ...]:
    def header_lines() -> Iterator[str]:
        yield first
        yield from lines

    try:
        names = next(csv.reader(header_lines(), delimiter=delimiter, strict=True), [])
    except (csv.Error, RecordTooLongError):
        names = []
    if not names or any("\0" in name for name in names):
        hint = _hint(first)
        raise CatalogError(
            "SP209",
            f"The header line cannot be read as {encoding} text with columns.",
            where=f"{path}, line {lines.number}",
            fix=f"{hint}Check that the file is a CSV or TSV table, its encoding, and the quotes of its first line.",
        )
    return tuple(name.strip() or f"column {position}" for position, name in enumerate(names, start=1))


def _by_column(rows: list[list[str]], positions: dict[str, int], bad: dict[int, BadRecord]) -> RawBatch:
    columns = list(zip(*rows, strict=True))
    return RawBatch(len(rows), {name: columns[position] for name, position in positions.items()}, bad)


def _count(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"
