"""The account of a product table: how many rows, how many of each status, and whether too many are bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smartprod.catalog.reasons import ReasonCounts
from smartprod.catalog.status import STATUS_FIELDS, Status, reason_column, status_column
from smartprod.errors import TooManyBadRowsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_REASONS_SHOWN = 3
_UNTOLD = frozenset({"empty", "see reason.row"})


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of a product table.

    Attributes:
        total: All rows.
        bad: Rows that could not be read, or have neither a usable image nor any usable text.
        repeated_ids: Rows whose id stands on an earlier row too; they are kept.
        without_id: Rows with no id.
        labelled: Rows with at least one category.
    """

    total: int
    bad: int
    repeated_ids: int
    without_id: int
    labelled: int


@dataclass(slots=True)
class TableAccount:
    """The account of a product table, batch by batch.

    Of a row nothing is kept but a number of eight bytes for its id.
    """

    _total: int = 0
    _bad: int = 0
    _labelled: int = 0
    _without_id: int = 0
    _ids: list[NDArray[np.int64]] = field(default_factory=list)
    _statuses: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in STATUS_FIELDS}
    )
    _reasons: dict[str, ReasonCounts] = field(
        default_factory=lambda: {name: ReasonCounts(_kind_of) for name in STATUS_FIELDS}
    )

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch."""
        self._total += batch.num_rows
        self._bad += batch.num_rows - _count_true(_usable(batch))
        self._labelled += _count_true(_has_items(batch["category"]))
        ids = batch["id"].drop_null()
        self._without_id += batch.num_rows - len(ids)
        # Hashes of 64 bits: two different ids of a million share one with a probability of 3 in 100,000,000.
        self._ids.append(np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids)))
        for name in STATUS_FIELDS:
            self._statuses[name].update(batch[status_column(name)].to_pylist())
            self._reasons[name].add(_to_tell(batch[reason_column(name)]))

    def rows(self) -> RowCounts:
        """Count the rows by what they are good for."""
        ids = np.concatenate(self._ids) if self._ids else np.zeros(0, np.int64)
        return RowCounts(
            total=self._total,
            bad=self._bad,
            repeated_ids=len(ids) - len(np.unique(ids)),
            without_id=self._without_id,
            labelled=self._labelled,
        )

    def statuses(self) -> dict[str, dict[str, int]]:
        """Count the rows of each status, by field; statuses in the order of `Status`, absent ones left out."""
        return {
            name: {status.value: found[status] for status in Status if found[status]}
            for name, found in self._statuses.items()
        }

    def lines(self, *, notes: Sequence[str] = ()) -> list[str]:
        """Write the account as lines to print.

        Args:
            notes: What the reader decided by itself or left out (see `source_notes`).
        """
        rows = self.rows()
        lines = [
            f"{rows.total:,} rows, {rows.labelled:,} with a category, {rows.bad:,} bad",
            *(f"  {note}" for note in notes),
        ]
        if rows.total and not rows.labelled:
            lines.append(
                "  no row has a category: nothing can be learned from it (catalog.columns.category names the column)"
            )
        if rows.repeated_ids:
            lines.append(f"  {rows.repeated_ids:,} rows repeat an id of an earlier row (kept)")
        if rows.without_id:
            lines.append(f"  {rows.without_id:,} rows have no id")
        for name, counts in self.statuses().items():
            lines.append(
                f"  {name:<12} " + "  ".join(f"{status} {count:,}" for status, count in counts.items())
            )
            lines.extend(
                f"               {told}" for told in self._reasons[name].lines(_REASONS_SHOWN, self._told)
            )
        return lines

    def check_bad_fraction(self, max_bad_fraction: float) -> None:
        """Refuse a table with too many bad rows.

        Args:
            max_bad_fraction: Largest allowed share of bad rows, 0 to 1.

        Raises:
            TooManyBadRowsError: SP212, with the counts and the commonest reasons.
        """
        if self._bad <= max_bad_fraction * self._total:
            return
        raise TooManyBadRowsError(
            "SP212",
            f"{self._bad:,} of {self._total:,} rows are bad ({self._bad / self._total:.1%}); allowed are {max_bad_fraction:.1%}.",
            where="\n         ".join(self.lines()[1:]),
            fix="Mend the table, its column names or catalog.image_root; or raise catalog.max_bad_fraction.",
        )

    def _told(self, reason: str, count: int) -> str:
        if count == 1:
            return reason
        return f"every row: {reason}" if count == self._total else f"{count:,} rows such as: {reason}"


def _kind_of(reason: str) -> str:
    return reason.rpartition(": ")[2]  # behind the line, file or column that it happened at


def _to_tell(reasons: pa.Array) -> pa.Array:
    """Leave out plain emptiness, which needs no telling."""
    return reasons.filter(pc.invert(pc.is_in(reasons, pa.array(sorted(_UNTOLD)))))


def _usable(batch: pa.RecordBatch) -> pa.Array:
    """Tell which rows were read and have an image or a text; text with a few lost characters is usable."""
    usable = _has_items(batch["images"])
    for name in ("title", "description", *(name for name in batch.schema.names if name.startswith("extra."))):
        usable = pc.or_(usable, _has_text(batch[name]))
    usable = pc.or_(usable, pc.equal(batch[status_column("attributes")], Status.OK))
    return pc.and_(usable, pc.not_equal(batch[status_column("row")], Status.UNREADABLE))


def _has_text(column: pa.Array) -> pa.Array:
    return pc.greater(pc.fill_null(pc.utf8_length(column), 0), 0)


def _has_items(column: pa.Array) -> pa.Array:
    return pc.greater(pc.fill_null(pc.list_value_length(column), 0), 0)


def _count_true(mask: pa.Array) -> int:
    return pc.sum(mask, min_count=0).as_py() or 0
