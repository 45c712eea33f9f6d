"""The product table that an import writes: Parquet or CSV, which gets its name when it is whole."""

from __future__ import annotations

import csv
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from smartprod.catalog.cell_text import cell_text, list_cell
from smartprod.errors import CatalogError
from smartprod.pipeline import TableWriter, disk_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from io import TextIOWrapper
    from pathlib import Path

    from smartprod.catalog.readers import RawBatch

SUFFIXES = (".parquet", ".csv")
LIST_SEPARATOR = "|"
"""Between the categories of a CSV cell."""


class _ProductFile(Protocol):
    def write(self, raw: RawBatch) -> None:
        """Add the records that could be read."""


@contextmanager
def open_product_file(out: Path, columns: Sequence[str], lists: Collection[str]) -> Iterator[_ProductFile]:
    """Open a product table for writing.

    Args:
        out: Its name; ends in one of `SUFFIXES`.
        columns: Its columns; all hold text.
        lists: Those of them that hold lists of texts.

    Raises:
        DiskError: Where it cannot be written.
    """
    draft = out.with_name(f".{out.name}.writing-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".csv":
            with draft.open("w", encoding="utf-8", newline="") as file:
                yield _CsvFile(file, columns, lists)
        else:
            with TableWriter(draft, _schema(columns, lists)) as writer:
                yield _ParquetFile(writer, columns, lists)
        draft.replace(out)
    except OSError as error:
        raise disk_error(error, where=out) or error from error
    finally:
        draft.unlink(missing_ok=True)


class _ParquetFile:
    def __init__(self, writer: TableWriter, columns: Sequence[str], lists: Collection[str]) -> None:
        self._writer = writer
        self._columns = columns
        self._lists = lists
        self._schema = _schema(columns, lists)

    def write(self, raw: RawBatch) -> None:
        kept = _kept_columns(raw, self._columns, self._lists)
        arrays = [pa.array(values, part.type) for values, part in zip(kept, self._schema, strict=True)]
        self._writer.write(pa.record_batch(arrays, schema=self._schema))


class _CsvFile:
    def __init__(self, file: TextIOWrapper, columns: Sequence[str], lists: Collection[str]) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns)
        self._columns = columns
        self._lists = lists

    def write(self, raw: RawBatch) -> None:
        columns = []
        for name, values in zip(self._columns, _kept_columns(raw, self._columns, self._lists), strict=True):
            columns.append([_joined(name, value) for value in values] if name in self._lists else values)
        self._writer.writerows(zip(*columns, strict=True))


def _joined(column: str, values: list[str] | None) -> str | None:
    """Write a list into a cell: images as JSON, categories with the separator that the reader is told."""
    if column != "category":
        return json.dumps(values, ensure_ascii=False) if values else None
    for value in values or ():
        if LIST_SEPARATOR in value:
            raise CatalogError(
                "SP268",
                f"The category '{value}' holds a '{LIST_SEPARATOR}', which would separate categories in a CSV file.",
                where=column,
                fix="Write a .parquet file instead.",
            )
    return LIST_SEPARATOR.join(values or ())


def _schema(columns: Sequence[str], lists: Collection[str]) -> pa.Schema:
    return pa.schema([(name, pa.list_(pa.string()) if name in lists else pa.string()) for name in columns])


def _kept_columns(raw: RawBatch, columns: Sequence[str], lists: Collection[str]) -> list[list]:
    """Give the values of each column, without the records that could not be read."""
    kept = []
    for name in columns:
        values = [value for position, value in enumerate(raw.columns[name]) if position not in raw.bad]
        kept.append([_texts(value) if name in lists else _whole(cell_text(value)) for value in values])
    return kept


def _texts(value: object) -> list[str | None] | None:
    items = list_cell(value)
    return None if items is None else [_whole(item) for item in items]


def _whole(text: str | None) -> str | None:
    """Put U+FFFD in the place of bytes that did not decode, which no file takes."""
    return None if text is None else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
