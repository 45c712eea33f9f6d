"""The account of cleaning: how many rows have a text, how long the texts are, and in which scripts."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog import ReasonCounts, Status, reason_column, status_column

if TYPE_CHECKING:
    import pyarrow as pa

_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_REASONS_SHOWN = 3


@dataclass(slots=True)
class CleanAccount:
    """The account of clean texts, batch by batch; of a text nothing is kept but its length.

    Attributes:
        rows: Rows so far.
        texts: Rows that have a text.
    """

    rows: int = 0
    texts: int = 0
    _truncated: int = 0
    _foreign: int = 0
    _lengths: array[int] = field(default_factory=lambda: array("I"))
    _statuses: Counter[str] = field(default_factory=Counter)
    _reasons: ReasonCounts = field(default_factory=ReasonCounts)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch of what `clean_products` gives."""
        texts = batch["text"].drop_null().to_pylist()
        self.rows += batch.num_rows
        self.texts += len(texts)
        self._truncated += sum(batch["truncated"].to_pylist())
        self._foreign += sum(map(_is_mostly_not_latin, texts))
        self._lengths.extend(map(len, texts))
        self._statuses.update(batch[status_column("text")].to_pylist())
        self._reasons.add(batch[reason_column("text")])

    def lines(self) -> list[str]:
        """Write the account as lines to print."""
        counts = self._statuses
        others = "".join(f", {counts[s]:,} {s.value}" for s in Status if s is not Status.OK and counts[s])
        lines = [f"{self.texts:,} of {self.rows:,} rows have text{others}"]
        told = self._reasons.lines(
            _REASONS_SHOWN, lambda reason, count: f"{_counted(count, 'row')}: {reason}"
        )
        lines.extend(f"  {each}" for each in told)
        if self.texts:
            lengths = np.asarray(self._lengths)
            lines.append(
                f"  characters per text: median {np.median(lengths):,.0f}, 95th percentile {np.percentile(lengths, 95):,.0f}"
            )
            lines.append(f"  {_counted(self._truncated, 'text')} cut at clean.max_characters")
            lines.append(
                f"  {self._foreign / self.texts:.1%} of the texts mostly in a script other than Latin"
            )
        return lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _is_mostly_not_latin(text: str) -> bool:
    if text.isascii():
        return False
    letters = len(_LETTER.findall(text))
    return len(_LATIN_LETTER.findall(text)) * 2 < letters
