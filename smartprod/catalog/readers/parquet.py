"""Parquet: streamed by record batches, only the columns that are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smartprod.catalog.readers.source import RawBatch
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """A Parquet file whose schema has been read.

    Attributes:
        path: The file.
        columns: Names of its top-level columns.
    """

    path: Path
    columns: tuple[str, ...]

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def encoding(self) -> str | None:
        """None: Parquet text is UTF-8."""
        return None

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the top-level columns."""
        return self.columns

    def notes(self) -> tuple[str, ...]:
        """Nothing is decided or left out."""
        return ()

    def batches(self, columns: Sequence[str], batch_rows: int) -> Iterator[RawBatch]:
        """Stream the named columns.

        Raises:
            CatalogError: SP215 where a part of the file is damaged.
        """
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_rows, columns=list(columns)):
                    yield RawBatch(batch.num_rows, {name: _values(batch.column(name)) for name in columns})
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.path, error) from error


def open_parquet(path: Path) -> ParquetSource:
    """Read the schema of a Parquet file.

    Raises:
        CatalogError: SP215 where it cannot be read as Parquet.
    """
    try:
        return ParquetSource(path, tuple(pq.read_schema(path).names))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CatalogError:
    return CatalogError(
        "SP215",
        f"The table cannot be read to its end: {error}.",
        where=str(path),
        fix="Check that the file is complete and a Parquet file.",
    )


def _values(column: pa.Array) -> list[object]:
    """Turn a column into Python values: maps and structs into dictionaries without empty entries, times into text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_temporal(kind):
        column = pc.cast(column, pa.string())
    if pa.types.is_map(kind):
        return [None if entries is None else dict(entries) for entries in column.to_pylist()]
    if pa.types.is_struct(kind):
        return [None if entry is None else _filled(entry) for entry in column.to_pylist()]
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        binary = pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()
        return column.cast(binary).to_pylist()


def _filled(entry: dict[str, object]) -> dict[str, object]:
    """Leave out the entries that Arrow adds to a struct because some other row has them."""
    return {key: value for key, value in entry.items() if value is not None}
