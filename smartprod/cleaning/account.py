"""The account of cleaning: how many rows have a text, how long the texts are, and in which scripts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog import Status, reason_column, status_column

if TYPE_CHECKING:
    import pyarrow as pa

_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_REASONS_SHOWN = 3


def clean_account(table: pa.Table) -> list[str]:
    """Write the account of a table of clean texts as lines to print.

    Args:
        table: What `clean_products` gives.
    """
    texts = table["text"].drop_null().to_pylist()
    statuses = Counter(table[status_column("text")].to_pylist())
    others = "".join(f", {statuses[s]:,} {s.value}" for s in Status if s is not Status.OK and statuses[s])
    lines = [f"{len(texts):,} of {table.num_rows:,} rows have text{others}"]
    reasons = Counter(table[reason_column("text")].drop_null().to_pylist())
    lines.extend(
        f"  {_counted(count, 'row')}: {reason}" for reason, count in reasons.most_common(_REASONS_SHOWN)
    )
    if len(reasons) > _REASONS_SHOWN:
        lines.append(f"  and {len(reasons) - _REASONS_SHOWN:,} other reasons")
    if texts:
        lengths = np.array([len(text) for text in texts])
        truncated = sum(table["truncated"].to_pylist())
        foreign = sum(_is_mostly_not_latin(text) for text in texts)
        lines.append(
            f"  characters per text: median {np.median(lengths):,.0f}, 95th percentile {np.percentile(lengths, 95):,.0f}"
        )
        lines.append(f"  {_counted(truncated, 'text')} cut at clean.max_characters")
        lines.append(f"  {foreign / len(texts):.1%} of the texts mostly in a script other than Latin")
    return lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _is_mostly_not_latin(text: str) -> bool:
    if text.isascii():
        return False
    letters = len(_LETTER.findall(text))
    return len(_LATIN_LETTER.findall(text)) * 2 < letters
