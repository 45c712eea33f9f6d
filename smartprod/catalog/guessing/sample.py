"""The first records of a table of which nothing is known but its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.cell_text import NULL_WORDS, cell_text
from smartprod.catalog.readers import open_source
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_ROWS = 2_000
_SAMPLE_BYTES = 1_000_000
_EMPTY = ("", "[]", "{}")
_TEXT_SUFFIXES = {".csv", ".txt", ".tsv", ".tab", ".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The first records of a table.

    Attributes:
        path: The table.
        encoding: Of its text.
        columns: Cells of each column as text, None where nothing was given; in the table's order.
        rows: Number of records looked at.
        unreadable: How many of them could not be read as records.
        notes: What the reader decided.
    """

    path: Path
    encoding: str
    columns: Mapping[str, tuple[str | None, ...]]
    rows: int
    unreadable: int
    notes: tuple[str, ...]


def read_sample(path: Path) -> Sample:
    """Read the first records of a table.

    Raises:
        UsageError: There is no such file (SP201), or its format is not known (SP202).
        CatalogError: It cannot be read (SP207 to SP215), or holds no record (SP280).
    """
    encoding = _guess_encoding(path) if path.suffix.lower() in _TEXT_SUFFIXES and path.is_file() else "utf-8"
    source = open_source(CatalogConfig(path=str(path), encoding=encoding))
    names = source.find_columns(())
    batch = next(source.batches(names, SAMPLE_ROWS), None)
    if batch is None or batch.size == len(batch.bad):
        raise CatalogError(
            "SP280",
            "The table has no record that can be read, so nothing can be guessed from it.",
            where=str(path),
            fix="Look into the file; see data/README.md for what tables may look like.",
        )
    good = [number for number in range(batch.size) if number not in batch.bad]
    columns = {name: tuple(_text(batch.columns[name][number]) for number in good) for name in names}
    return Sample(path, encoding, columns, len(good), len(batch.bad), source.notes())


def _text(cell: object) -> str | None:
    text = (cell_text(cell) or "").strip()
    return None if text in _EMPTY or text in NULL_WORDS else text


def _guess_encoding(path: Path) -> str:
    """UTF-8 where the beginning is; else the Windows code page whose letters make up words."""
    with path.open("rb") as stream:
        data = stream.read(_SAMPLE_BYTES)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data[: data.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        high = bytes(byte for byte in data if byte >= 0xC0)
        # In cp1251 nearly every letter of a text lies above 0xC0; in western code pages one in twenty does.
        return "cp1251" if len(high) > 0.2 * len(data) else "cp1252"
    return "utf-8"
