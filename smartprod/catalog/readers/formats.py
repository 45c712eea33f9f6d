"""Find the table and open it with the reader of its format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.readers.dataset import dataset_files, is_dataset
from smartprod.catalog.readers.location import TableLocation, locate_table
from smartprod.errors import UsageError
from smartprod.remote import is_remote_table, redact, refresh_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.catalog.readers.source import RecordSource
    from smartprod.config.schema import CatalogConfig

_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_EXTENSIONS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
NATIVE_FORMATS = ("kazan", "abo", "fashion", "labels")
"""Formats of other systems, which are named and never guessed."""


def table_format(config: CatalogConfig, location: TableLocation) -> str:
    """Name the format of a table: as configured, or else by what is there and its name's extension.

    Raises:
        UsageError: SP202 where neither says, SP213 where they contradict each other.
    """
    if config.format in NATIVE_FORMATS:
        return config.format
    if location.is_folder and config.format in {"auto", "folder", "parquet"}:
        if config.format != "auto":
            return config.format
        is_parquet = location.remote is not None or is_dataset(location.on_disk)
        return "parquet" if is_parquet else "folder"
    if location.is_folder or config.format == "folder":
        kind = "folder" if location.is_folder else "file"
        raise UsageError(
            "SP213", f"'{redact(config.path)}' is a {kind}, but catalog.format is {config.format}.", where="catalog.format",
            fix="Give the table itself as catalog.path, or set catalog.format=auto.",
        )  # fmt: skip
    if config.format != "auto":
        return config.format
    name = Path(location.place).name
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    last = suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:]
    found = _EXTENSIONS.get(last[0]) if last else None
    if found is None:
        raise UsageError(
            "SP202",
            f"The format of '{name}' is not known by its name.",
            where=f"catalog.path = {redact(config.path)}",
            fix="Save the sheet as CSV (UTF-8) in a spreadsheet program, and give that file."
            if last and last[0] in _SPREADSHEETS
            else "Give a .csv, .tsv, .parquet or .jsonl file, or set catalog.format to one of these.",
        )
    return found


def open_source(config: CatalogConfig) -> RecordSource:
    """Open the configured table and read its header.

    Text tables that lie elsewhere are copied to the cache first: they are read several times over. Parquet is read in
    place, except over http(s).

    Raises:
        UsageError: SP201 to SP203, SP213, SP250, SP251, SP234, SP235, SP237, SP252 where path, format or encoding are wrong;
            SP260 to SP265 where it is not in the format of the other system that was named.
        CatalogError: SP207 to SP209, SP211, SP214, SP215, SP236, SP238, SP239 where the table cannot be read.
    """
    location = locate_table(config)
    match table_format(config, location):
        case "csv" | "tsv" as kind:
            from smartprod.catalog.readers.delimited import open_delimited

            return open_delimited(
                location.on_disk,
                encoding=config.encoding,
                delimiter=config.delimiter or ("\t" if kind == "tsv" else None),
                field_limit=config.max_field_characters,
            )
        case "jsonl":
            from smartprod.catalog.readers.jsonl import JsonLinesSource

            return JsonLinesSource(location.on_disk, config.encoding, field_limit=config.max_field_characters)
        case "parquet":
            from smartprod.catalog.readers.parquet import open_parquet

            return open_parquet(dataset_files(location), place=location.place)
        case native if native in NATIVE_FORMATS:
            from smartprod.catalog.importers import open_native

            return open_native(config, location)
        case _:
            return _open_images(config, location)


def _open_images(config: CatalogConfig, location: TableLocation) -> RecordSource:
    from smartprod.catalog.readers.image_folder import open_folder

    if location.remote is not None:
        raise UsageError(
            "SP252",
            "A folder of images by class is read from disk only.",
            where=f"catalog.path = {location.place}",
            fix="Copy it to disk, or write a table with a column of addresses.",
        )
    with_parts = config.native.first_folder == "part"
    return open_folder(location.on_disk, separator=config.category_separator, with_parts=with_parts)


def table_identity(config: CatalogConfig) -> Iterator[str]:
    """Tell every file of the table with its size and time of change, or its version where it lies elsewhere.

    Of a table that lies elsewhere the present version is asked for.

    Raises:
        UsageError: SP201, SP234, SP235 where there is no such file or folder.
        CatalogError: SP236 where it cannot be reached.
    """
    if is_remote_table(config.path):
        yield from (f"{file.address}\t{file.version}" for file in refresh_table(config.path).files)
        return
    location = locate_table(config)
    root = location.on_disk
    files = [root]
    if location.is_folder and table_format(config, location) == "parquet":
        files = [Path(file.place) for file in dataset_files(location)]
    elif location.is_folder and config.format in NATIVE_FORMATS:
        from smartprod.catalog.importers import native_files

        files = native_files(config, location)
    elif location.is_folder:
        files = sorted(file for file in root.rglob("*") if file.is_file())
    for file in files:
        facts = file.stat()
        yield f"{file}\t{facts.st_size}\t{facts.st_mtime_ns}"
