"""Make a finished job's output out of its parts: a folder, or one file, Parquet or CSV that a spreadsheet can open safely."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.engines import Part
from smartprod.errors import JobConflictError, JobError
from smartprod.model import answered_schema
from smartprod.pipeline import write_atomically
from smartprod.scoring.summary import ScoreSummary
from smartprod.scoring.upload import upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from smartprod.engines import PartPlan
    from smartprod.scoring.output import Output

ROWS_PER_GROUP = 65_536
_SEVERAL = ("categories", "category_confidences")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def assemble(plan: PartPlan, output: Output, *, top_k: int, several_labels: bool = False) -> ScoreSummary:
    """Make the output whole out of its parts; it appears whole or not at all.

    Args:
        plan: The plan that the parts are of.
        output: Where they lie and what they become.
        top_k: Most probable categories listed in a CSV.
        several_labels: Whether the model gives products several labels.

    Returns:
        Counts over all rows.

    Raises:
        JobError: The parts do not have the rows that the plan says (SP803), or an address cannot be written to (SP819).
    """
    summary = ScoreSummary()
    schema = answered_schema(several_labels=several_labels)
    tables = _counted(_parts(plan, output.parts, schema), summary)
    if output.format == "parquet-folder":
        for _ in tables:
            pass
        _check_total(plan, summary)
        _finish_folder(plan, output, schema)
        return summary
    draft = output.parts / f"whole.{output.format}"
    try:
        if output.format == "csv":
            with draft.open("w", encoding="utf-8", newline="") as file:
                write_csv(tables, file, top_k=top_k, several_labels=several_labels)
        else:
            _write_parquet(tables, draft, schema)
        _check_total(plan, summary)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        if output.is_address:
            upload(draft, output.given)
        else:
            draft.replace(output.path)
    finally:
        draft.unlink(missing_ok=True)  # half a file would fill a disk that is full already
    return summary


def _check_total(plan: PartPlan, summary: ScoreSummary) -> None:
    if summary.rows != plan.rows:
        raise _incomplete(plan, f"{summary.rows:,} rows in all")


def _finish_folder(plan: PartPlan, output: Output, schema: pa.Schema) -> None:
    """Mark a folder of parts as whole; one without rows gets a file all the same, for its schema."""
    if not plan.parts:
        empty = output.path / Part(0, 0, 0).file_name
        write_atomically(empty, lambda temporary: pq.write_table(schema.empty_table(), temporary))
    for left in output.path.glob(".part-*.tmp"):  # by processes that were killed
        left.unlink()
    write_atomically(output.success, lambda temporary: _write_success(plan, temporary))


def _write_success(plan: PartPlan, path: Path) -> None:
    path.write_text(f"{plan.rows} rows in {len(plan.parts)} parts\n", encoding="utf-8", newline="\n")


def _parts(plan: PartPlan, folder: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    for part in plan.parts:
        table = pq.read_table(folder / part.file_name, schema=schema)
        rows = table["row"]
        if (
            table.num_rows != part.rows
            or rows[0].as_py() != part.start
            or rows[-1].as_py() != part.start + part.rows - 1
        ):
            raise _incomplete(
                plan, f"{part.file_name} holds {table.num_rows:,} rows from {rows[:1].to_pylist()}"
            )
        yield table


def _incomplete(plan: PartPlan, found: str) -> JobError:
    return JobConflictError(
        "SP803",
        f"the parts do not make up the {plan.rows:,} rows of the plan: {found}",
        fix="add --fresh to score everything again",
    )


def _counted(tables: Iterator[pa.Table], summary: ScoreSummary) -> Iterator[pa.Table]:
    for table in tables:
        summary.add(table)
        yield table


def _write_parquet(tables: Iterator[pa.Table], path: Path, schema: pa.Schema) -> None:
    """Write row groups of `ROWS_PER_GROUP` rows or a little more."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(each.num_rows for each in waiting) >= ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting).combine_chunks(), row_group_size=None)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting).combine_chunks())


def write_csv(tables: Iterator[pa.Table], file: TextIO, *, top_k: int, several_labels: bool = False) -> None:
    """Write scored output as CSV; the lists become `category_1`, `confidence_1`, ..., and `categories_set` one cell, between ` | `.

    Where a product may have several labels, those given and their confidences stand in one cell each, between `; `. Cells with a user's text that a spreadsheet would run as a formula begin with an apostrophe.
    """
    writer = csv.writer(
        file, lineterminator="\r\n"
    )  # as RFC 4180 has it; cells with either character are quoted
    ranks = [f"{name}_{rank}" for rank in range(1, top_k + 1) for name in ("category", "confidence")]
    several = _SEVERAL if several_labels else ()
    writer.writerow(
        [
            "row",
            "id",
            "category",
            "confidence",
            *several,
            *ranks,
            "head",
            "decision",
            "status",
            "reason",
            "categories_set",
        ]
    )
    for table in tables:
        writer.writerows(_csv_rows(table, top_k))


def _csv_rows(table: pa.Table, top_k: int) -> Iterator[Sequence[object]]:
    names = (
        "row",
        "id",
        "category",
        "head",
        "decision",
        "status",
        "reason",
        "top_categories",
        "categories_set",
    )
    columns = [table[name].to_pylist() for name in names]
    certain = [table["confidence"], table["top_confidences"]]
    confidences = _short_numbers(certain[0])
    top = iter(
        _short_numbers(pa.chunked_array([chunk.flatten() for chunk in certain[1].chunks], pa.float32()))
    )
    sets = _label_cells(table)
    for (row, product, category, head, decision, status, reason, best, members), confidence, labels in zip(
        zip(*columns, strict=True), confidences, sets, strict=True
    ):
        ranked = [cell for name in best for cell in (_harmless(name), next(top))]
        ranked += [""] * (2 * top_k - len(ranked))
        yield (
            row, _harmless(product), _harmless(category), confidence, *labels, *ranked, head or "", decision, status,
            _harmless(reason), _harmless(" | ".join(members or ())),
        )  # fmt: skip


def _label_cells(table: pa.Table) -> Iterator[Sequence[str]]:
    """The cells of each row for its labels: two where the model gives several, else none."""
    if _SEVERAL[0] not in table.schema.names:
        yield from ((),) * table.num_rows
        return
    for labels, confidences in zip(*(table[name].to_pylist() for name in _SEVERAL), strict=True):
        numbers = (str(np.float32(confidence)) for confidence in confidences)
        yield _harmless("; ".join(labels)), "; ".join(numbers)


def _short_numbers(column: pa.ChunkedArray) -> list[str]:
    """Write each float32 with as few digits as tell it from its neighbours; nothing for null."""
    values = column.to_numpy()
    return ["" if value != value else str(value) for value in values]  # noqa: PLR0124  (only NaN differs from itself)


def _harmless(text: str | None) -> str:
    if text is None:
        return ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
