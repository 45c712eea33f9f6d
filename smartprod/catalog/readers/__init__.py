"""Readers: one module per format, each handing over raw records by column."""

from __future__ import annotations

from smartprod.catalog.readers.formats import open_source, table_identity
from smartprod.catalog.readers.image_folder import FolderSource
from smartprod.catalog.readers.location import locate_table
from smartprod.catalog.readers.records import RecordsSource
from smartprod.catalog.readers.source import BadRecord, RawBatch, RecordSource, Remark

__all__ = [
    "BadRecord",
    "FolderSource",
    "RawBatch",
    "RecordSource",
    "RecordsSource",
    "Remark",
    "locate_table",
    "open_source",
    "table_identity",
]
