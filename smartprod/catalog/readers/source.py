"""What every reader hands over: records by column, exactly as they stood in the input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from smartprod.catalog.status import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

BATCH_CHARACTERS = 64_000_000
"""A batch of text that has grown beyond this ends early: a few thousand rows of 10 MB would fill the memory."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that could not be read as one: it keeps its row, with this status and reason."""

    reason: str
    status: Status = Status.UNREADABLE


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a reader mended or could not use in a record, for the account of an import.

    Attributes:
        kind: What it is, the same words for every record that it is true of.
        example: Where it was met, and what stood there.
    """

    kind: str
    example: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Consecutive records of a table, by column, before anything is judged.

    Attributes:
        size: Number of records, bad ones included.
        columns: Values of each column that was asked for, each of length `size`.
        bad: Records that could not be read, by position in the batch; their values are meaningless.
        remarks: What was met in the records, in order.
    """

    size: int
    columns: Mapping[str, Sequence[object]]
    bad: Mapping[int, BadRecord] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()


class RecordSource(Protocol):
    """A table of one format."""

    @property
    def place(self) -> str:
        """The file or folder, as named in errors."""

    @property
    def encoding(self) -> str | None:
        """The declared encoding, or None where the format fixes its own."""

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the columns of the table; a format without a header reads on until `required` are seen."""

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the named columns in input order from record `first_row` on, `batch_rows` records at most at a time."""

    def count(self) -> int:
        """Count the records, those that cannot be read included."""

    def notes(self) -> tuple[str, ...]:
        """Say what the reader decided or left out, for the printed account."""
