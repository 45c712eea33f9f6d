"""Read a product table of any format into the product schema, as a stream or whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog.columns import ROLES, map_columns, required_columns
from smartprod.catalog.image_paths import ImageFinder, image_finder
from smartprod.catalog.readers import FolderSource, RecordsSource, locate_table, open_source, table_identity
from smartprod.catalog.rows import RowBuilder
from smartprod.catalog.table import product_schema
from smartprod.config.schema import ColumnsConfig
from smartprod.remote import POLICY_KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from smartprod.catalog.columns import ColumnMap
    from smartprod.catalog.readers import RecordSource
    from smartprod.config.schema import CatalogConfig

# What of the configuration decides how a table is read; the address itself may be signed anew for every call.
_NOT_READING = {"path": True, "demo": True, "remote": True}


@dataclass(frozen=True, slots=True)
class OpenedProducts:
    """A product table whose reader, columns and image folder are known.

    Attributes:
        source: The reader.
        config: How to read it.
        finder: Judge of its image paths.
        optional: Roles whose column may be absent even where it was named on purpose.
        image_folder: Folder or address that image paths start from.
    """

    source: RecordSource
    config: CatalogConfig
    finder: ImageFinder
    optional: Collection[str]
    image_folder: Path | str | None = None

    def columns(self) -> ColumnMap:
        """Match the configured columns with those of the table; see `map_columns`."""
        available = self.source.find_columns(required_columns(self.config.columns, optional=self.optional))
        return map_columns(self.config.columns, available, place=self.source.place, optional=self.optional)

    def builder(self) -> RowBuilder:
        """Make the judge of its rows."""
        return RowBuilder(self.config, self.columns(), self.finder, encoding=self.source.encoding)


def stream_products(
    config: CatalogConfig, *, batch_rows: int = 4096, optional: Collection[str] = (), first_row: int = 0
) -> Iterator[pa.RecordBatch]:
    """Read a product table in input order, without ever holding the whole of it.

    The file is opened and its columns are checked at the call; rows are read as the iterator is.

    Args:
        config: Where the table is and how to read it.
        batch_rows: Most rows of a batch.
        optional: Roles whose column may be absent even where it was named on purpose; a table to be scored needs none
            of `LABEL_ROLES`.
        first_row: Rows before it are passed over; of Parquet they are not even read.

    Returns:
        Batches of `product_schema(config.columns.extra)`, one row per record of the input.

    Raises:
        UsageError: Where path, format, encoding or column names do not fit the table (SP201 to SP206, SP210).
        CatalogError: Where the table cannot be read as one (SP207 to SP209, SP211).
    """
    opened = open_products(config, optional=optional)
    return _stream(opened, batch_rows=batch_rows, wanted_from=first_row)


def open_products(config: CatalogConfig, *, optional: Collection[str] = ()) -> OpenedProducts:
    """Open a product table; see `stream_products`."""
    source = open_source(config)
    if isinstance(source, FolderSource):
        columns = ColumnsConfig(extra=config.columns.extra)  # a folder has no names of its own
        config = config.model_copy(update={"columns": columns})
        return OpenedProducts(source, config, ImageFinder(source.path), ROLES, source.path)
    folder = locate_table(config).image_folder
    finder = image_finder(config, table_folder=folder)
    return OpenedProducts(source, config, finder, optional, config.image_root or folder)


def count_records(config: CatalogConfig) -> int:
    """Count the rows of a product table, those that cannot be read included, without judging any."""
    return open_source(config).count()


def read_products(config: CatalogConfig, *, optional: Collection[str] = ()) -> pa.Table:
    """Read a whole product table; see `stream_products`."""
    batches = stream_products(config, optional=optional)
    return pa.Table.from_batches(batches, schema=product_schema(config.columns.extra))


def products_from_records(
    records: Sequence[Mapping[str, object]], config: CatalogConfig, *, first_row: int = 0
) -> pa.Table:
    """Turn dictionaries (or the records of a data frame) into product rows.

    Values may be text or already lists and dictionaries. A key that was configured but stands in no record counts as
    absent. Image paths start from `config.image_root`, or else from the current folder.

    Args:
        records: One mapping per product; anything else keeps its row as `unreadable`.
        config: Column names and how to read the cells; `path` and `format` play no part.
        first_row: Number of the first row.

    Raises:
        UsageError: SP205 where no record has a text or an image.
    """
    opened = OpenedProducts(RecordsSource(records), config, image_finder(config), ROLES)
    schema = product_schema(config.columns.extra)
    batches = _stream(opened, batch_rows=4096, first_row=first_row)
    return pa.Table.from_batches(batches, schema=schema)


def table_fingerprint(config: CatalogConfig) -> str:
    """Identify the input cheaply: path, size and time of change of each file, and how the table is read.

    Contents are not read, and images that a table points to are not looked at; of a folder of images every file is. Of a
    table that lies elsewhere the version counts that the store names, and over http(s) its content.

    Returns:
        SHA-256, in hexadecimal.

    Raises:
        UsageError: SP201, SP234, SP235 where there is no such file or folder.
        CatalogError: SP236 where an address cannot be reached.
    """
    reading = config.model_dump(mode="json", exclude=_NOT_READING)
    allowed = config.remote.model_dump(mode="json", include=set(POLICY_KEYS))
    digest = hashlib.sha256(json.dumps([reading, allowed], sort_keys=True).encode())
    for line in table_identity(config):
        digest.update(f"\n{line}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def source_notes(config: CatalogConfig) -> tuple[str, ...]:
    """Say what the reader decides by itself or leaves out: the delimiter, files that are no images."""
    return open_source(config).notes()


def _stream(
    opened: OpenedProducts, *, batch_rows: int, first_row: int = 0, wanted_from: int = 0
) -> Iterator[pa.RecordBatch]:
    columns = opened.columns()
    builder = opened.builder()

    def batches() -> Iterator[pa.RecordBatch]:
        row = first_row + wanted_from
        for raw in opened.source.batches(columns.used(), batch_rows, wanted_from):
            yield builder.build(raw, first_row=row)
            row += raw.size

    return batches()
