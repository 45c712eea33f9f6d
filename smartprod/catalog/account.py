"""The account of a product table: how many rows, how many of each status, and whether too many are bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from smartprod.catalog.status import STATUS_FIELDS, Status, reason_column, status_column
from smartprod.errors import TooManyBadRowsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

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


def count_rows(table: pa.Table) -> RowCounts:
    """Count the rows of a product table by what they are good for."""
    ids = table["id"].drop_null()
    return RowCounts(
        total=table.num_rows,
        bad=table.num_rows - _count_true(_usable(table)),
        repeated_ids=len(ids) - pc.count_distinct(ids).as_py(),
        without_id=table.num_rows - len(ids),
        labelled=_count_true(_has_items(table["category"])),
    )


def status_counts(table: pa.Table) -> dict[str, dict[str, int]]:
    """Count the rows of each status, by field; statuses in the order of `Status`, absent ones left out."""
    counts: dict[str, dict[str, int]] = {}
    for field in STATUS_FIELDS:
        found = Counter(table[status_column(field)].to_pylist())
        counts[field] = {status.value: found[status] for status in Status if found[status]}
    return counts


def account_lines(table: pa.Table, *, notes: Sequence[str] = ()) -> list[str]:
    """Write the account of a product table as lines to print.

    Args:
        table: The product table.
        notes: What the reader decided by itself or left out (see `source_notes`).
    """
    rows = count_rows(table)
    lines = [
        f"{rows.total:,} rows, {rows.labelled:,} with a category, {rows.bad:,} bad",
        *(f"  {note}" for note in notes),
    ]
    if rows.repeated_ids:
        lines.append(f"  {rows.repeated_ids:,} rows repeat an id of an earlier row (kept)")
    if rows.without_id:
        lines.append(f"  {rows.without_id:,} rows have no id")
    for field, counts in status_counts(table).items():
        lines.append(f"  {field:<12} " + "  ".join(f"{status} {count:,}" for status, count in counts.items()))
        lines.extend(f"               {reason}" for reason in _common_reasons(table, field))
    return lines


def check_bad_fraction(table: pa.Table, max_bad_fraction: float) -> None:
    """Refuse a table with too many bad rows.

    Args:
        table: The product table.
        max_bad_fraction: Largest allowed share of bad rows, 0 to 1.

    Raises:
        TooManyBadRowsError: SP212, with the counts and the commonest reasons.
    """
    rows = count_rows(table)
    if rows.bad <= max_bad_fraction * rows.total:
        return
    raise TooManyBadRowsError(
        "SP212",
        f"{rows.bad:,} of {rows.total:,} rows are bad ({rows.bad / rows.total:.1%}); allowed are {max_bad_fraction:.1%}.",
        where="\n         ".join(account_lines(table)[1:]),
        fix="Mend the table, its column names or catalog.image_root; or raise catalog.max_bad_fraction.",
    )


def _usable(table: pa.Table) -> pa.ChunkedArray:
    """Tell which rows were read and have an image or a text; text with a few lost characters is usable."""
    usable = _has_items(table["images"])
    for name in ("title", "description", *(name for name in table.column_names if name.startswith("extra."))):
        usable = pc.or_(usable, _has_text(table[name]))
    usable = pc.or_(usable, pc.equal(table[status_column("attributes")], Status.OK))
    return pc.and_(usable, pc.not_equal(table[status_column("row")], Status.UNREADABLE))


def _has_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.greater(pc.fill_null(pc.utf8_length(column), 0), 0)


def _has_items(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.greater(pc.fill_null(pc.list_value_length(column), 0), 0)


def _count_true(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask, min_count=0).as_py() or 0


def _common_reasons(table: pa.Table, field: str) -> list[str]:
    """List the commonest kinds of reason of a field, each by its first example; plain emptiness needs no telling."""
    examples: dict[str, str] = {}
    kinds: Counter[str] = Counter()
    for reason in table[reason_column(field)].drop_null().to_pylist():
        if reason not in _UNTOLD:
            kind = reason.rpartition(": ")[2]  # behind the line, file or column that it happened at
            kinds[kind] += 1
            examples.setdefault(kind, reason)
    shown = [
        _told(examples[kind], count, table.num_rows) for kind, count in kinds.most_common(_REASONS_SHOWN)
    ]
    rest = len(kinds) - len(shown)
    return [*shown, f"and {rest:,} other reasons"] if rest else shown


def _told(reason: str, count: int, total: int) -> str:
    if count == 1:
        return reason
    return f"every row: {reason}" if count == total else f"{count:,} rows such as: {reason}"
