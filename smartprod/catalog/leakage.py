"""What stands in several parts at once, and what has several labels at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog.groups import key_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

MAX_EXAMPLES = 20
_PARTS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class SharedKey:
    """An image or text that several rows share.

    Attributes:
        key: Its hash.
        rows: Positions of the first rows that have it.
        found: The parts, or the labels, it stands in, sorted.
    """

    key: str
    rows: tuple[int, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartOverlap:
    """Keys that two parts share.

    Attributes:
        first: The part that is learned from, or tuned on.
        second: The part that is tuned on, or judged by.
        keys: How many distinct keys stand in both.
        rows: How many rows of the second part have one of them.
    """

    first: str
    second: str
    keys: int
    rows: int


@dataclass(frozen=True, slots=True)
class Leakage:
    """Rows of different parts that share a key of one kind.

    Attributes:
        kind: What the key is, such as `image` or `text`.
        keys: Distinct keys that stand in more than one part.
        rows: Rows of any part that have one of them.
        overlaps: The same by pair of parts; pairs that share nothing are left out.
        examples: Up to 20 of the shared keys.
    """

    kind: str
    keys: int
    rows: int
    overlaps: tuple[PartOverlap, ...]
    examples: tuple[SharedKey, ...]

    def lines(self) -> list[str]:
        """Write the finding as lines to print."""
        if not self.keys:
            return [f"no {self.kind} stands in two parts"]
        head = f"{_counted(self.keys, self.kind)} in more than one part ({_counted(self.rows, 'row')})"
        return [
            f"LEAKAGE: {head}",
            *(
                f"  {_counted(overlap.rows, 'row')} of {overlap.second} share one with {overlap.first}"
                for overlap in self.overlaps
            ),
            *_example_lines(self.examples),
        ]


@dataclass(frozen=True, slots=True)
class LabelConflict:
    """Rows that share a key of one kind and have different labels: at most one of the labels is the whole truth.

    Attributes:
        kind: What the key is, such as `image` or `text`.
        keys: Distinct keys with more than one label.
        rows: Labelled rows that have one of them.
        pairs: The pairs of labels that conflict most often, with their number of keys.
        examples: Up to 20 of the keys.
    """

    kind: str
    keys: int
    rows: int
    pairs: tuple[tuple[str, str, int], ...]
    examples: tuple[SharedKey, ...]

    def lines(self) -> list[str]:
        """Write the finding as lines to print."""
        if not self.keys:
            return [f"no {self.kind} has two labels"]
        return [
            f"{_counted(self.keys, self.kind)} with different labels ({_counted(self.rows, 'row')})",
            *(f"  {count:,} x  {first}  |  {second}" for first, second, count in self.pairs[:5]),
        ]


def find_leakage(parts: Sequence[str], keys: Mapping[str, Sequence[str | None]]) -> list[Leakage]:
    """Find rows of train, val and test that share a key.

    Args:
        parts: The part of each of N rows; rows of other parts than train, val and test are not looked at.
        keys: For each kind of key (`image`, `text`), the keys of the N rows, None where a row has none.

    Returns:
        One finding per kind, in order, also where nothing is shared.
    """
    numbers = {part: number for number, part in enumerate(_PARTS)}
    part_codes = np.array([numbers.get(part, -1) for part in parts], dtype=np.int64)  # [N]
    return [_leakage(kind, part_codes, values) for kind, values in keys.items()]


def find_label_conflicts(
    labels: Sequence[str | None], keys: Mapping[str, Sequence[str | None]]
) -> list[LabelConflict]:
    """Find labelled rows that share a key and have different labels.

    Args:
        labels: The label of each of N rows, None where it has none.
        keys: For each kind of key (`image`, `text`), the keys of the N rows, None where a row has none.

    Returns:
        One finding per kind, in order, also where nothing conflicts.
    """
    label_codes = key_codes(labels)
    return [_conflict(kind, labels, label_codes, values) for kind, values in keys.items()]


def _leakage(kind: str, part_codes: NDArray[np.int64], values: Sequence[str | None]) -> Leakage:
    codes = np.where(part_codes >= 0, key_codes(values), -1)
    shared = _shared(codes, part_codes)
    present = np.zeros((len(_PARTS), int(codes.max(initial=-1)) + 1), dtype=bool)  # [parts, keys]
    used = codes >= 0
    present[part_codes[used], codes[used]] = True
    overlaps = []
    for first, second in combinations(range(len(_PARTS)), 2):
        both = present[first] & present[second]
        if both.any():
            rows = np.count_nonzero(both[codes[used & (part_codes == second)]])
            overlaps.append(PartOverlap(_PARTS[first], _PARTS[second], int(both.sum()), int(rows)))
    rows_by_key = list(_rows_by_key(codes, shared))
    examples = tuple(
        SharedKey(
            str(values[rows[0]]), rows, tuple(_PARTS[part] for part in np.unique(part_codes[list(rows)]))
        )
        for rows in rows_by_key[:MAX_EXAMPLES]
    )
    return Leakage(kind, len(rows_by_key), sum(map(len, rows_by_key)), tuple(overlaps), examples)


def _conflict(
    kind: str, labels: Sequence[str | None], label_codes: NDArray[np.int64], values: Sequence[str | None]
) -> LabelConflict:
    codes = np.where(label_codes >= 0, key_codes(values), -1)
    pairs: Counter[tuple[str, str]] = Counter()
    examples: list[SharedKey] = []
    rows_by_key = list(_rows_by_key(codes, _shared(codes, label_codes)))
    for rows in rows_by_key:
        found = tuple(sorted({label for row in rows if (label := labels[row]) is not None}))
        pairs.update(combinations(found, 2))
        if len(examples) < MAX_EXAMPLES:
            examples.append(SharedKey(str(values[rows[0]]), rows, found))
    commonest = tuple((first, second, count) for (first, second), count in pairs.most_common(MAX_EXAMPLES))
    return LabelConflict(kind, len(rows_by_key), sum(map(len, rows_by_key)), commonest, tuple(examples))


def _shared(codes: NDArray[np.int64], sides: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which keys `[K]` stand on more than one side (part or label)."""
    used = codes >= 0
    found = np.unique(np.stack([codes[used], sides[used]]), axis=1)[0]
    return np.bincount(found, minlength=int(codes.max(initial=-1)) + 1) > 1


def _rows_by_key(codes: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Iterator[tuple[int, ...]]:
    """Give the rows of each wanted key, in the order of the keys."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[wanted[codes[rows]]]
    rows = rows[np.argsort(codes[rows], kind="stable")]
    borders = np.flatnonzero(np.diff(codes[rows])) + 1
    for group in np.split(rows, borders):
        if len(group):
            yield tuple(group.tolist())


def _example_lines(examples: Sequence[SharedKey]) -> Iterator[str]:
    for example in examples[:3]:
        rows = ", ".join(f"{row:,}" for row in example.rows[:6])
        yield f"  for example rows {rows}{' ...' if len(example.rows) > 6 else ''} ({', '.join(example.found)})"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
