"""The summary of a scoring job: what was decided, by which head, and what was wrong with the rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_DECISIONS = ("accepted", "backed_off", "other", "review")
_STATUSES_SHOWN = 12
_NO_HEAD = "none"


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """Counts over all rows of the output.

    Attributes:
        decisions: Rows by decision.
        heads: Rows by the head that answered, `none` where none could.
        statuses: Rows by status code.
    """

    decisions: Counter[str] = field(default_factory=Counter)
    heads: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.decisions.total()

    @property
    def without_input(self) -> int:
        """Rows that no head could answer: unreadable, or with neither an image nor a text that the model can use."""
        return self.heads[_NO_HEAD]

    def add(self, scored: pa.Table) -> None:
        """Count rows of scored output."""
        self.decisions.update(_counted(scored["decision"]))
        self.heads.update(_counted(scored["head"]))
        self.statuses.update(_counted(scored["status"]))

    def lines(self) -> list[str]:
        """Write the counts as lines to print."""
        lines = [f"decision  {_listed(self.decisions, _DECISIONS, self.rows)}"]
        lines.append(
            f"head      {_listed(self.heads, ('fused', 'image', 'text', 'words', _NO_HEAD), self.rows)}"
        )
        lines.append(f"status    ok {self.statuses['ok']:,}")
        troubles = [(code, count) for code, count in self.statuses.most_common() if code != "ok"]
        width = max((len(code) for code, _ in troubles[:_STATUSES_SHOWN]), default=0)
        lines.extend(f"          {code:<{width}}  {count:,}" for code, count in troubles[:_STATUSES_SHOWN])
        rest = sum(count for _, count in troubles[_STATUSES_SHOWN:])
        if rest:
            lines.append(f"          and {rest:,} rows with other statuses")
        return lines


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    """Count the values of a column, null (only heads can be) as `none`."""
    counted = column.value_counts()
    values = (value or _NO_HEAD for value in counted.field("values").to_pylist())
    return dict(zip(values, counted.field("counts").to_pylist(), strict=True))


def _listed(counts: Counter[str], order: tuple[str, ...], total: int) -> str:
    return (
        ", ".join(f"{name} {counts[name]:,} ({counts[name] / total:.1%})" for name in order if counts[name])
        or "no rows"
    )
