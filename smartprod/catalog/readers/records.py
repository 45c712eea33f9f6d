"""Records of the Python API: a sequence of mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog.nesting import is_nested_deeper
from smartprod.catalog.readers.source import BadRecord, RawBatch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class RecordsSource:
    """Records in memory.

    Attributes:
        records: One mapping per product.
    """

    records: Sequence[Mapping[str, object]]

    @property
    def place(self) -> str:
        """Where the records come from."""
        return "the given records"

    @property
    def encoding(self) -> str | None:
        """None: text is text already."""
        return None

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List the keys of all records, in order of appearance."""
        keys: dict[str, None] = {}
        for record in self.records:
            if isinstance(record, Mapping):
                keys.update(dict.fromkeys(map(str, record)))
        return tuple(keys)

    def notes(self) -> tuple[str, ...]:
        """Nothing is decided or left out."""
        return ()

    def count(self) -> int:
        """Count the records."""
        return len(self.records)

    def batches(self, columns: Sequence[str], batch_rows: int, first_row: int = 0) -> Iterator[RawBatch]:
        """Stream the values of the named keys."""
        for start in range(first_row, len(self.records), batch_rows):
            yield records_by_column(self.records[start : start + batch_rows], columns)


def records_by_column(records: Sequence[object], columns: Sequence[str]) -> RawBatch:
    """Arrange records by column; what is no mapping, or nested beyond use, is bad."""
    bad: dict[int, BadRecord] = {}
    kept: list[Mapping[str, object]] = []
    for position, record in enumerate(records):
        problem = _problem(record)
        if problem is not None:
            bad[position] = problem
        kept.append(record if problem is None and isinstance(record, Mapping) else {})
    return RawBatch(len(kept), {name: [record.get(name) for record in kept] for name in columns}, bad)


def _problem(record: object) -> BadRecord | None:
    if isinstance(record, BadRecord):
        return record
    if not isinstance(record, Mapping):
        return BadRecord("not a mapping")
    if any(is_nested_deeper(value, _MAX_DEPTH) for value in record.values() if type(value) is not str):
        return BadRecord(f"nested deeper than {_MAX_DEPTH} levels")
    return None
