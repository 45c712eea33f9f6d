"""Findings: what a person should look at, as one ranked table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class FindingKind(StrEnum):
    """What is wrong, in the order in which equally severe findings are ranked."""

    SPLIT_LEAK = "split_leak"
    CONFLICTING_LABELS = "conflicting_labels"
    WRONG_LABEL = "wrong_label"
    CONFUSABLE_CLASSES = "confusable_classes"
    GENERAL_CLASS = "general_class"
    SMALL_CLASS = "small_class"
    USELESS_COLUMN = "useless_column"


KIND_TITLES = {
    FindingKind.SPLIT_LEAK: "duplicates across train and test",
    FindingKind.CONFLICTING_LABELS: "duplicates with different labels",
    FindingKind.WRONG_LABEL: "labels that are likely wrong",
    FindingKind.CONFUSABLE_CLASSES: "classes that are taken for each other",
    FindingKind.GENERAL_CLASS: "classes that are too general",
    FindingKind.SMALL_CLASS: "classes too small to measure",
    FindingKind.USELESS_COLUMN: "columns that say nothing",
}
"""Each kind in words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at; nothing is ever changed for it.

    Attributes:
        kind: What is wrong.
        severity: How sure and how harmful it is, 0 to 1; comparable within a kind, and roughly between kinds.
        suggestion: What a person could do, as a short command.
        evidence: What it was seen by.
        category: The class, or classes joined by ` | `; empty where it is about none.
        rows: Positions in the input table, the first of them the one to look at; may be empty.
    """

    kind: FindingKind
    severity: float
    suggestion: str
    evidence: str
    category: str = ""
    rows: tuple[int, ...] = ()


FINDINGS_SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("severity", pa.float32(), nullable=False),
        pa.field("rows", pa.list_(pa.int64()), nullable=False),
        pa.field("ids", pa.list_(pa.string()), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("suggestion", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
    ]
)
"""`rank` from 1, the most severe first; `rows` are positions in the input table and `ids` what stands there as id."""


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings, most severe first; equally severe ones by kind, then by row."""
    order = list(FindingKind)
    return sorted(
        findings,
        key=lambda each: (-round(each.severity, 6), order.index(each.kind), each.rows, each.category),
    )


def findings_table(findings: Sequence[Finding], ids: Sequence[str | None]) -> pa.Table:
    """Write findings as a ranked table.

    Args:
        findings: In any order.
        ids: The id of every row of the input table.

    Returns:
        `FINDINGS_SCHEMA`, one row per finding.
    """
    lines = [
        {
            "rank": rank,
            "kind": each.kind.value,
            "severity": each.severity,
            "rows": list(each.rows),
            "ids": [ids[row] or "" for row in each.rows],
            "class": each.category,
            "suggestion": each.suggestion,
            "evidence": each.evidence,
        }
        for rank, each in enumerate(ranked(findings), start=1)
    ]
    return pa.Table.from_pylist(lines, schema=FINDINGS_SCHEMA)


def findings_from_table(table: pa.Table) -> list[Finding]:
    """Read findings back, in the order of the table."""
    return [
        Finding(
            FindingKind(line["kind"]),
            line["severity"],
            line["suggestion"],
            line["evidence"],
            line["class"],
            tuple(line["rows"]),
        )
        for line in table.to_pylist()
    ]


def findings_csv(table: pa.Table) -> str:
    """Write the table as CSV; several rows or ids stand in one cell, separated by spaces.

    Cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.schema.names)
    for line in table.to_pylist():
        cells = [" ".join(map(str, cell)) if isinstance(cell, list) else cell for cell in line.values()]
        writer.writerow([_plain(cell) if isinstance(cell, str) else _number(cell) for cell in cells])
    return stream.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _number(value: object) -> object:
    return f"{value:.4f}" if isinstance(value, float) else value
