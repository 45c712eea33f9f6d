"""What the readers of other systems' formats share: their records, in the columns of our product table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog.readers.records import records_by_column
from smartprod.catalog.readers.source import BATCH_CHARACTERS, BadRecord, RawBatch, Remark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class NativeRecord:
    """A record of another system.

    Attributes:
        values: By the names of our columns; what is not there was not given.
        remarks: What was met in it.
    """

    values: Mapping[str, object]
    remarks: tuple[Remark, ...] = ()


class NativeSource(ABC):
    """A table in another system's format; it hands over columns by the names that `catalog.columns` has by default."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The file or folder, as named in errors."""

    @property
    def encoding(self) -> str | None:
        """The declared encoding, or None where the format fixes its own."""
        return None

    @property
    def list_columns(self) -> frozenset[str]:
        """Columns whose cells are lists."""
        return frozenset()

    @abstractmethod
    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns."""

    @abstractmethod
    def records(self, first_row: int) -> Iterator[NativeRecord | BadRecord]:
        """Stream the records from `first_row` on."""

    def files(self) -> tuple[str, ...]:
        """Name the files that are the table, for its fingerprint."""
        return (self.place,)

    def count(self) -> int:
        """Count the records, those that cannot be read included."""
        return sum(1 for _ in self.records(0))

    def notes(self) -> tuple[str, ...]:
        """Nothing is decided or left out."""
        return ()

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the named columns in input order."""
        batch: list[NativeRecord | BadRecord] = []
        characters = 0
        for record in self.records(first_row):
            batch.append(record)
            if isinstance(record, NativeRecord):
                characters += sum(len(value) for value in record.values.values() if isinstance(value, str))
            if len(batch) == batch_rows or characters > BATCH_CHARACTERS:
                yield _by_column(batch, columns)
                batch, characters = [], 0
        if batch:
            yield _by_column(batch, columns)


def _by_column(batch: Sequence[NativeRecord | BadRecord], columns: Sequence[str]) -> RawBatch:
    values = [record.values if isinstance(record, NativeRecord) else record for record in batch]
    raw = records_by_column(values, columns)
    remarks = [remark for record in batch if isinstance(record, NativeRecord) for remark in record.remarks]
    return RawBatch(raw.size, raw.columns, raw.bad, remarks)


def shortened(text: object, length: int = 60) -> str:
    """Quote something in a remark: on one line, and not too long."""
    told = " ".join(str(text).split())
    return told if len(told) <= length else told[: length - 1] + "…"


def joined_folder(folder: str | None, default: str) -> str:
    """Give the beginning of an image's path: a folder with a slash behind it, or nothing."""
    chosen = default if folder is None else folder
    chosen = chosen.strip().rstrip("/")
    return f"{chosen}/" if chosen and chosen != "." else ""
