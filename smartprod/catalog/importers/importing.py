"""Write a table in another system's format as a product table, with an account of what became of it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.account import TableAccount
from smartprod.catalog.importers.native import NativeSource
from smartprod.catalog.importers.product_file import LIST_SEPARATOR, SUFFIXES, open_product_file
from smartprod.catalog.products import open_products
from smartprod.catalog.readers import Remark
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from smartprod.catalog.products import OpenedProducts

_BATCH_ROWS = 4_096
_EXAMPLES = 3


@dataclass(slots=True)
class ImportAccount:
    """What became of a table that was imported.

    Attributes:
        source: The file or folder that was read.
        out: The product table.
        columns: Of the product table.
        read: Records read.
        written: Rows written; a record that could not be read is not.
        notes: What the reader decided by itself.
        counts: How often each thing was met that a reader mended or could not use.
        examples: The first places of each of them.
        table: Rows and statuses of the product table as smartprod reads it.
        command: The command that uses it.
    """

    source: str
    out: Path
    columns: tuple[str, ...]
    read: int = 0
    written: int = 0
    notes: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    table: TableAccount = field(default_factory=TableAccount)
    command: str = ""

    def add(self, remarks: Iterable[Remark]) -> None:
        """Count remarks, and keep the first places of each kind."""
        for remark in remarks:
            self.counts[remark.kind] += 1
            known = self.examples.setdefault(remark.kind, [])
            if len(known) < _EXAMPLES:
                known.append(remark.example)

    def document(self) -> dict[str, object]:
        """Write the account as plain values for JSON."""
        met = {kind: {"count": count, "examples": self.examples[kind]} for kind, count in self.counts.items()}
        return {
            "source": self.source,
            "out": str(self.out),
            "columns": list(self.columns),
            "read": self.read,
            "written": self.written,
            "notes": list(self.notes),
            "met": met,
            "statuses": self.table.statuses(),
            "command": self.command,
        }

    def lines(self) -> list[str]:
        """Write the account as lines to print."""
        lines = [
            f"read {self.read:,} records of {self.source}",
            *(f"  {note}" for note in self.notes),
            f"wrote {self.written:,} rows to {self.out}",
            f"  columns {', '.join(self.columns)}",
        ]
        for kind, count in self.counts.most_common():
            lines.append(f"  {count:,} x {kind}")
            lines += [f"      {example}" for example in self.examples[kind]]
            if count > _EXAMPLES:
                lines.append(f"      and {count - _EXAMPLES:,} more")
        lines.append("as smartprod reads it:")
        lines += [f"  {line}" for line in self.table.lines()]
        return [*lines, f"use it: {self.command}"]


def import_products(
    config: CatalogConfig, out: Path, *, progress: Callable[[int], None] | None = None
) -> ImportAccount:
    """Write a table in another system's format as a product table, as a stream.

    The table gets its name when it is whole. Image paths stay relative to the folder of the input.

    Args:
        config: Where the input is (`path`), its `format`, and how to read it.
        out: A `.parquet` or `.csv` file.
        progress: Called with the records of each batch.

    Raises:
        UsageError: SP266 where the name of `out` tells no format, SP267 where it is the input; otherwise as `open_source`.
        CatalogError: Where the input cannot be read.
        DiskError: Where `out` cannot be written.
    """
    if out.suffix not in SUFFIXES:
        raise UsageError(
            "SP266",
            f"The name '{out.name}' does not tell the format.",
            where=str(out),
            fix=f"Let it end in {' or '.join(SUFFIXES)}.",
        )
    opened = open_products(config)
    source = opened.source
    if out.exists() and Path(source.place).exists() and out.samefile(source.place):
        raise UsageError(
            "SP267",
            "The input would be overwritten.",
            where=str(out),
            fix="Give the product table another name.",
        )
    columns = source.find_columns(())
    lists = source.list_columns if isinstance(source, NativeSource) else frozenset()
    account = ImportAccount(source.place, out, columns, notes=source.notes())
    builder = opened.builder()
    with open_product_file(out, columns, lists) as table:
        for raw in source.batches(columns, _BATCH_ROWS):
            account.table.add(builder.build(raw, first_row=account.read))
            account.add(raw.remarks)
            account.add(
                Remark("not written: the record cannot be read", bad.reason) for bad in raw.bad.values()
            )
            table.write(raw)
            account.read += raw.size
            account.written += raw.size - len(raw.bad)
            if progress:
                progress(raw.size)
    account.command = _command(config, out, opened, lists)
    return account


def _command(config: CatalogConfig, out: Path, opened: OpenedProducts, lists: Collection[str]) -> str:
    """Give the command that uses the product table."""
    words = ["smartprod", "run", "several-labels" if "category" in lists else "all", f"catalog.path={out}"]
    if str(opened.image_folder) != str(out.absolute().parent):
        words.append(f"catalog.image_root={opened.image_folder}")
    if "category" in lists and out.suffix == ".csv":
        words.append(f"catalog.categories_separator={LIST_SEPARATOR}")
    if config.category_separator != CatalogConfig().category_separator:
        words.append(f"catalog.category_separator={config.category_separator}")
    return shlex.join(words)
