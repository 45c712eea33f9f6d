"""Counts of the reasons why something is wrong with rows, in bounded memory however many rows there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS_KEPT = 10_000


@dataclass(slots=True)
class ReasonCounts:
    """How often each kind of reason was given, each kind with its first example.

    After 10,000 kinds further ones are not told apart.

    Attributes:
        kind_of: From a reason to its kind.
    """

    kind_of: Callable[[str], str] = str
    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, str] = field(default_factory=dict)

    def add(self, reasons: pa.Array) -> None:
        """Count the reasons in a column; null is none."""
        counted = pc.value_counts(reasons.drop_null())
        for reason, count in zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True):
            kind = self.kind_of(reason)
            if kind in self._examples or len(self._examples) < _KINDS_KEPT:
                self._counts[kind] += count
                self._examples.setdefault(kind, reason)

    def lines(self, shown: int, describe: Callable[[str, int], str]) -> list[str]:
        """Describe the commonest kinds by example and count, and count the others.

        Args:
            shown: Most kinds described.
            describe: From an example and a count to a line.
        """
        commonest = self._counts.most_common(shown)
        lines = [describe(self._examples[kind], count) for kind, count in commonest]
        rest = len(self._counts) - len(commonest)
        return [*lines, f"and {rest:,} other reasons"] if rest else lines
