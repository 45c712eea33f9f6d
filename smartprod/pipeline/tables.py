"""Tables that are never held whole: written batch by batch, and read back by ranges of rows."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

ROWS_PER_GROUP = 8_192
"""Rows of a Parquet row group: few enough that a range of rows is cheap to read, whatever batches it was written in."""
BYTES_PER_GROUP = 64 << 20
"""A row group of very long rows ends with the batch in which it becomes this large."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table in a Parquet file, to be read in pieces.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        import pyarrow.parquet as pq

        return int(pq.read_metadata(self.path).num_rows)

    @property
    def schema(self) -> pa.Schema:
        """Its columns and metadata."""
        import pyarrow.parquet as pq

        return pq.read_schema(self.path)

    def read(self) -> pa.Table:
        """Read the whole table."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            return file.read()

    def batches(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Stream the table, or some columns of it, in batches of at most `rows` rows."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(rows, columns=None if columns is None else list(columns))

    def open(self, columns: Sequence[str] | None = None) -> TableReader:
        """Open the file to read ranges of rows."""
        return TableReader(self.path, columns)


class TableReader:
    """Reads ranges of rows; use it as a context manager.

    The row group read last is kept, for the next range often begins in it.

    Args:
        path: A Parquet file.
        columns: Which columns; None for all.
    """

    def __init__(self, path: Path, columns: Sequence[str] | None = None) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path)
        self._columns = None if columns is None else list(columns)
        groups = self._file.metadata
        self._ends: list[int] = []  # of each row group, in rows from the beginning
        for number in range(groups.num_row_groups):
            self._ends.append((self._ends or [0])[-1] + groups.row_group(number).num_rows)
        self._kept: tuple[int, Any] | None = None

    @property
    def num_rows(self) -> int:
        """How many rows the file has."""
        return self._ends[-1] if self._ends else 0

    def read(self, start: int, rows: int) -> pa.Table:
        """Read `rows` rows from row `start` on; fewer where the file ends before."""
        import bisect

        import pyarrow as pa

        pieces = []
        number = bisect.bisect_right(self._ends, start)
        while rows > 0 and number < len(self._ends):
            group = self._group(number)
            offset = start - (self._ends[number] - group.num_rows)
            pieces.append(group.slice(offset, rows))
            start, rows, number = start + pieces[-1].num_rows, rows - pieces[-1].num_rows, number + 1
        if pieces:
            return pa.concat_tables(pieces)
        schema = self._file.schema_arrow
        chosen = schema.names if self._columns is None else self._columns
        return pa.schema([schema.field(name) for name in chosen]).empty_table()

    def _group(self, number: int) -> pa.Table:
        if self._kept is None or self._kept[0] != number:
            self._kept = None  # let go of the one before first
            self._kept = number, self._file.read_row_group(number, columns=self._columns)
        return self._kept[1]

    def close(self) -> None:
        """Close the file."""
        self._kept = None
        self._file.close()

    def __enter__(self) -> TableReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TableWriter:
    """Writes a table batch by batch; use it as a context manager, which removes the file where the writing fails.

    Args:
        path: The file to write.
        schema: Of the table; its metadata is kept.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        self._path = path
        self._waiting: list[pa.Table] = []
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    @property
    def table(self) -> TableFile:
        """What was written; there once the writer is closed."""
        return TableFile(self._path)

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Add rows."""
        import pyarrow as pa

        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._waiting.append(table.replace_schema_metadata(self._schema.metadata))
        while sum(each.num_rows for each in self._waiting) >= ROWS_PER_GROUP:
            whole = pa.concat_tables(self._waiting)
            self._write_group(whole.slice(0, ROWS_PER_GROUP))
            self._waiting = [whole.slice(ROWS_PER_GROUP)]
        if sum(each.nbytes for each in self._waiting) >= BYTES_PER_GROUP:
            self._write_group(pa.concat_tables(self._waiting))
            self._waiting = []

    def close(self) -> None:
        """Write the last rows and sync the file."""
        import pyarrow as pa

        if self._waiting:
            self._write_group(pa.concat_tables(self._waiting))
        self._waiting = []
        self._writer.close()
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())

    def _write_group(self, rows: pa.Table) -> None:
        if rows.num_rows:
            self._writer.write_table(rows, row_group_size=ROWS_PER_GROUP)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            try:
                self.close()
            except BaseException:
                self._path.unlink(missing_ok=True)
                raise
            return
        with contextlib.suppress(OSError):  # on a full disk closing fails like the writing did
            self._writer.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
