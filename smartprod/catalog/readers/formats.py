"""Find the table and open it with the reader of its format."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.catalog.readers.source import RecordSource
    from smartprod.config.schema import CatalogConfig

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


def locate_table(config: CatalogConfig) -> Path:
    """Resolve `catalog.path` to an absolute path.

    Raises:
        UsageError: SP201 where there is no such file or folder.
    """
    path = Path(config.path).expanduser().absolute()
    if path.exists():
        return path
    fix = "Check the path; it is taken relative to the current folder."
    if path.parent.is_dir():
        close = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=3)
        fix = f"In that folder there is: {', '.join(close)}." if close else fix
    raise UsageError("SP201", f"There is no table '{config.path}'.", where=f"catalog.path = {path}", fix=fix)


def table_format(config: CatalogConfig, path: Path) -> str:
    """Name the format of a table: as configured, or else by what `path` is and its extension.

    Raises:
        UsageError: SP202 where neither says, SP213 where they contradict each other.
    """
    if path.is_dir() or config.format == "folder":
        if path.is_dir() and config.format in {"auto", "folder"}:
            return "folder"
        kind = "folder" if path.is_dir() else "file"
        raise UsageError(
            "SP213", f"'{config.path}' is a {kind}, but catalog.format is {config.format}.", where="catalog.format",
            fix="Give the table itself as catalog.path, or set catalog.format=auto.",
        )  # fmt: skip
    if config.format != "auto":
        return config.format
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:]
    found = _EXTENSIONS.get(last[0]) if last else None
    if found is None:
        raise UsageError(
            "SP202",
            f"The format of '{path.name}' is not known by its name.",
            where=f"catalog.path = {config.path}",
            fix="Set catalog.format to csv, tsv, parquet or jsonl; export a spreadsheet as CSV first.",
        )
    return found


def open_source(config: CatalogConfig) -> RecordSource:
    """Open the configured table and read its header.

    Raises:
        UsageError: SP201 to SP203, SP213 where path, format or encoding are wrong.
        CatalogError: SP207 to SP209, SP211, SP214, SP215 where the table cannot be read.
    """
    path = locate_table(config)
    match table_format(config, path):
        case "csv" | "tsv" as kind:
            from smartprod.catalog.readers.delimited import open_delimited

            delimiter = config.delimiter or ("\t" if kind == "tsv" else None)
            return open_delimited(
                path, encoding=config.encoding, delimiter=delimiter, field_limit=config.max_field_characters
            )
        case "jsonl":
            from smartprod.catalog.readers.jsonl import JsonLinesSource

            return JsonLinesSource(path, config.encoding, field_limit=config.max_field_characters)
        case "parquet":
            from smartprod.catalog.readers.parquet import open_parquet

            return open_parquet(path)
        case _:
            from smartprod.catalog.readers.image_folder import open_folder

            return open_folder(path, separator=config.category_separator)
