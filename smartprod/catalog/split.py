"""Train, validation and test: the table's own column, or stratified by class and grouped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog.stratify import assign_groups
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from smartprod.config.schema import SplitConfig

PARTS = ("train", "val", "test", "unlabelled", "unused")
"""What can become of a row: the three parts, never labelled, or labelled and yet not used."""

_SPELLINGS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "holdout": "test",
}
_EMPTY_WOULD_LEAK = "no split given, and a row of its group is in {part}"


@dataclass(frozen=True, slots=True)
class Split:
    """The part of every row.

    Attributes:
        parts: One of `PARTS` for each of N rows.
        reasons: Why a row is `unused`, None for all others.
        notes: How the split came about.
        classes: For train, val and test, in how many classes the part has rows.
    """

    parts: list[str]
    reasons: list[str | None]
    notes: tuple[str, ...]
    classes: Mapping[str, int]

    def lines(self) -> list[str]:
        """Write the account of the split as lines to print."""
        sizes = Counter(self.parts)
        lines = [*self.notes]
        for part in PARTS:
            if part in self.classes:
                lines.append(f"  {part:<11}{sizes[part]:>10,} rows  {self.classes[part]:>6,} classes")
            elif sizes[part]:
                lines.append(f"  {part:<11}{sizes[part]:>10,} rows")
        reasons = Counter(reason for reason in self.reasons if reason is not None)
        return lines + [f"    {count:,} x {reason}" for reason, count in reasons.most_common(5)]


def split_products(
    labels: Sequence[str | None],
    *,
    groups: NDArray[np.int64],
    column: Sequence[str | None] | None,
    config: SplitConfig,
    seed: int,
    reasons: Sequence[str | None] | None = None,
) -> Split:
    """Put every labelled row into train, val or test.

    The table's own column is followed where it names val or test; a part that it lacks is carved out of its train rows.
    Rows it says nothing about are trained on, unless a row of their group is in val or test. Without such a column the
    labelled rows are split stratified by class and whole groups at a time, so that every class has train rows.

    Args:
        labels: The class of each of N rows, None where it has none or is not learned from.
        groups: The group of each row `[N]` (see `group_rows`).
        column: The table's split column, None where it has none.
        config: Fractions, and whether the column is used.
        seed: Of the order in which groups are taken.
        reasons: Why a row without a label is not learned from although it has a category (see `apply_class_policy`).

    Raises:
        UsageError: SP240 where no labelled row has a split value that is understood, SP241 where the column leaves
            nothing to train on, SP242 where the fractions leave nothing to train on.
    """
    if config.val_fraction + config.test_fraction >= 1:
        raise UsageError(
            "SP242",
            f"val_fraction {config.val_fraction} and test_fraction {config.test_fraction} leave no rows to train on.",
            where="split.val_fraction, split.test_fraction",
            fix="Choose fractions whose sum is below 1, such as 0.15 and 0.15.",
        )
    work = _Work(labels, groups, reasons or [None] * len(labels), config, seed)
    given = _read_column(column) if config.use_column and column is not None else None
    if given is not None and any(given[row] is not None for row in work.labelled):
        work.follow(given)
    else:
        work.split_all()
    return work.finish()


class _Work:
    """A split being made: parts and reasons by row, and notes on the way."""

    def __init__(
        self,
        labels: Sequence[str | None],
        groups: NDArray[np.int64],
        reasons: Sequence[str | None],
        config: SplitConfig,
        seed: int,
    ) -> None:
        self._labels = labels
        self._groups = groups
        self._seed = seed
        self._fractions = {"test": config.test_fraction, "val": config.val_fraction}
        self._parts = ["unlabelled" if reason is None else "unused" for reason in reasons]
        self._reasons = list(reasons)
        self._notes: list[str] = []
        self.labelled = [row for row, label in enumerate(labels) if label is not None]

    def follow(self, given: Sequence[str | None]) -> None:
        """Follow the table's own column."""
        named = {row: value for row in self.labelled if (value := given[row]) is not None}
        parts = {row: _SPELLINGS[value] for row, value in named.items() if value in _SPELLINGS}
        found = set(parts.values())
        _check_column(found, named.values())
        for row in named.keys() - parts.keys():
            self._leave_out(row, f"the split column says `{named[row]}`")
        if found == {"train"}:
            self._notes.append("the split column names neither val nor test: the rest is split anew")
            self._split([row for row in self.labelled if row not in named or row in parts], self._fractions)
            return
        self._notes.append("the table's own split column")
        for row, part in parts.items():
            self._place(row, part)
        self._place_unnamed([row for row in self.labelled if row not in named])
        for part in ("test", "val"):
            if part not in found:
                self._carve(part)

    def split_all(self) -> None:
        """Split all labelled rows."""
        self._split(self.labelled, self._fractions)

    def finish(self) -> Split:
        classes = {
            part: len({self._labels[row] for row in self.labelled if self._parts[row] == part})
            for part in PARTS[:3]
        }
        total = len({self._labels[row] for row in self.labelled})
        notes = [*self._notes]
        if missing := total - classes["train"]:
            notes.append(f"{_have(missing)} no row in train and cannot be learned")
        if classes["test"] and (missing := total - classes["test"]):
            notes.append(f"{_have(missing)} no row in test: nothing will be known about how well they do")
        return Split(self._parts, self._reasons, tuple(notes), classes)

    def _place_unnamed(self, rows: Sequence[int]) -> None:
        judged = {
            int(self._groups[row]): self._parts[row]
            for row in self.labelled
            if self._parts[row] in {"val", "test"}
        }
        for row in rows:
            part = judged.get(int(self._groups[row]))
            if part is None:
                self._place(row, "train")
            else:
                self._leave_out(row, _EMPTY_WOULD_LEAK.format(part=part))

    def _carve(self, part: str) -> None:
        """Move a share of the train rows to a part that the table's column lacks."""
        fraction = self._fractions[part]
        elsewhere = {int(self._groups[row]) for row in self.labelled if self._parts[row] in {"val", "test"}}
        rows = [
            row
            for row in self.labelled
            if self._parts[row] == "train" and int(self._groups[row]) not in elsewhere
        ]
        if fraction and rows:
            self._notes.append(f"the split column names no {part}: {fraction:.0%} of train are used")
            self._split(rows, {part: fraction}, note="carved out")

    def _split(self, rows: Sequence[int], fractions: Mapping[str, float], note: str = "split") -> None:
        if not rows:
            return
        labels = [label for row in rows if (label := self._labels[row]) is not None]
        groups = self._groups[list(rows)]
        for row, part in zip(rows, assign_groups(labels, groups, fractions, self._seed), strict=True):
            self._place(row, part)
        self._notes.append(f"{note} stratified by class, {len(np.unique(groups)):,} groups kept whole")

    def _place(self, row: int, part: str) -> None:
        self._parts[row], self._reasons[row] = part, None

    def _leave_out(self, row: int, reason: str) -> None:
        self._parts[row], self._reasons[row] = "unused", reason


def _have(classes: int) -> str:
    return "1 class has" if classes == 1 else f"{classes:,} classes have"


def _read_column(column: Sequence[str | None]) -> list[str | None]:
    return [(value.strip().casefold() or None) if value is not None else None for value in column]


def _check_column(found: set[str], values: Iterable[str]) -> None:
    """Refuse a column from which nothing can be trained."""
    if "train" in found:
        return
    seen = Counter(values)
    listed = ", ".join(f"`{value}` ({count:,})" for value, count in seen.most_common(5))
    code = "SP241" if found else "SP240"
    what = "names no row to train on" if found else "has none of the values that are understood"
    raise UsageError(
        code,
        f"The split column {what}.",
        where=f"catalog.columns.split, with {listed}",
        fix="Use train, val and test (or training, validation, holdout), or set split.use_column to false.",
    )
