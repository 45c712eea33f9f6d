"""Parquet, one file or a dataset: streamed by record batches, only the columns and rows that are used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smartprod.catalog.readers.source import BATCH_CHARACTERS, RawBatch
from smartprod.catalog.readers.text_lines import UNDECODED, decode_bytes
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from smartprod.catalog.readers.dataset import DatasetFile

_PAGE_BUFFER = 1 << 20  # a row group is read by pages, not whole: memory does not follow its size


@dataclass(frozen=True, slots=True)
class _Part:
    """A file, and the rows of each of its row groups."""

    file: DatasetFile
    groups: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.groups)


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Parquet files whose schemas have been read; rows come in the order of the files.

    Attributes:
        place: The file or folder.
        columns: Names of the top-level columns, and of those that folders give.
        partitions: Names of the latter; where a file has such a column too, the folder counts.
    """

    place: str
    columns: tuple[str, ...]
    partitions: tuple[str, ...] = ()
    _parts: tuple[_Part, ...] = field(default=(), repr=False)

    @property
    def encoding(self) -> str | None:
        """None: Parquet text is UTF-8."""
        return None

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns."""
        return self.columns

    def notes(self) -> tuple[str, ...]:
        """Count the files of a dataset, and name the columns that its folders give."""
        if len(self._parts) == 1 and not self.partitions:
            return ()
        by = f", columns from folders: {', '.join(self.partitions)}" if self.partitions else ""
        return (f"{len(self._parts):,} Parquet files{by}",)

    def count(self) -> int:
        """Count the rows, from metadata alone."""
        return sum(part.rows for part in self._parts)

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the named columns; files and row groups before `first_row` are not read.

        Raises:
            CatalogError: SP215 where a part of a file is damaged.
        """
        start = 0
        for part in self._parts:
            if start + part.rows > first_row:
                yield from _read_part(part, columns, batch_rows, skip=max(0, first_row - start))
            start += part.rows


def open_parquet(files: Sequence[DatasetFile], *, place: str) -> ParquetSource:
    """Read the schemas of Parquet files.

    Args:
        files: One file, or those of a dataset.
        place: The file or folder, for people.

    Raises:
        CatalogError: SP215 where one cannot be read as Parquet, SP238 where two do not fit together.
    """
    parts: list[_Part] = []
    first: pa.Schema | None = None
    for file in files:
        with _opened(file) as opened:
            metadata, schema = opened.metadata, opened.schema_arrow
            groups = tuple(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
        if first is None:
            first = schema
        else:
            _check_schema(first, schema, files[0].place, file.place)
        parts.append(_Part(file, groups))
    assert first is not None
    folders = tuple(files[0].folders)
    columns = (*(name for name in first.names if name not in folders), *folders)
    return ParquetSource(place, columns, folders, tuple(parts))


def _read_part(part: _Part, columns: Sequence[str], batch_rows: int, *, skip: int) -> Iterator[RawBatch]:
    groups = list(range(len(part.groups)))
    while groups and skip >= part.groups[groups[0]]:
        skip -= part.groups[groups.pop(0)]
    folders = part.file.folders
    stored = [name for name in columns if name not in folders]
    with _opened(part.file) as opened:
        fitting = min(batch_rows, _rows_that_fit(opened.metadata))
        for batch in opened.iter_batches(fitting, row_groups=groups, columns=stored):
            kept = batch.slice(min(skip, batch.num_rows))
            skip = max(0, skip - batch.num_rows)
            if kept.num_rows:
                values = {name: [folders[name]] * kept.num_rows for name in columns if name in folders}
                yield RawBatch(kept.num_rows, values | {name: _values(kept.column(name)) for name in stored})


def _rows_that_fit(metadata: pq.FileMetaData) -> int:
    """Say how many rows of average size a batch may have."""
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return max(1, BATCH_CHARACTERS * metadata.num_rows // max(1, size))


@contextmanager
def _opened(file: DatasetFile) -> Iterator[pq.ParquetFile]:
    """Open a file, and tell what goes wrong with it."""
    try:
        with pq.ParquetFile(file.open(), buffer_size=_PAGE_BUFFER) as opened:
            yield opened
    except Exception as error:  # Arrow has no one kind of error for damaged bytes
        raise CatalogError(
            "SP215",
            f"The table cannot be read to its end: {error}.",
            where=file.place,
            fix="Check that the file is complete and a Parquet file.",
        ) from error


def _check_schema(first: pa.Schema, other: pa.Schema, first_place: str, other_place: str) -> None:
    """Make sure that two files have the same columns, in whatever order and width of their numbers."""
    lacking = [name for name in first.names if name not in other.names]
    added = [name for name in other.names if name not in first.names]
    differing = [
        f"'{name}' is {first.field(name).type} and {other.field(name).type}"
        for name in dict.fromkeys(first.names)
        if first.names.count(name) == other.names.count(name) == 1
        and _kind(first.field(name).type) != _kind(other.field(name).type)
        and not pa.types.is_null(first.field(name).type)
        and not pa.types.is_null(other.field(name).type)  # a column without any value
    ]
    told = [
        *(f"only the first has '{name}'" for name in lacking),
        *(f"only the second has '{name}'" for name in added),
        *differing,
    ]
    if told:
        raise CatalogError(
            "SP238",
            f"Two files of the table have different columns: {', '.join(told[:5])}.",
            where=f"{first_place}\n         {other_place}",
            fix="Write them with one schema, or give a folder whose files belong together.",
        )


def _kind(type_: pa.DataType) -> str:
    """What the values of a type are read as."""
    is_ = pa.types
    if is_.is_dictionary(type_):
        return _kind(type_.value_type)
    if is_.is_list(type_) or is_.is_large_list(type_) or is_.is_fixed_size_list(type_):
        return f"list of {_kind(type_.value_type)}"
    if is_.is_struct(type_) or is_.is_map(type_):
        return "mapping"
    if is_.is_integer(type_) or is_.is_floating(type_) or is_.is_decimal(type_):
        return "number"
    if is_.is_temporal(type_):
        return "time"
    is_text = is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_)
    return "text" if is_text else str(type_)


def _values(column: pa.Array) -> list[Any]:
    """Turn a column into Python values: maps and structs into dictionaries without empty entries, times into text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_temporal(kind):
        column = pc.cast(column, pa.string())
    try:
        cells: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        cells = list(map(_cell, column))
    if pa.types.is_map(kind):
        return [dict(entries) if isinstance(entries, list) else entries for entries in cells]
    if pa.types.is_struct(kind):
        return [_filled(entry) if isinstance(entry, dict) else entry for entry in cells]
    return cells


def _cell(value: pa.Scalar) -> Any:
    """Give the value of one cell, in which text may not be UTF-8."""
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return decode_bytes(value.as_buffer().to_pybytes()) if hasattr(value, "as_buffer") else UNDECODED


def _filled(entry: dict[str, object]) -> dict[str, object]:
    """Leave out the entries that Arrow adds to a struct because some other row has them."""
    return {key: value for key, value in entry.items() if value is not None}
