from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartprod.engines import PartPlan
from smartprod.model import answered_schema
from smartprod.scoring.assembly import ROWS_PER_GROUP, assemble, write_csv
from smartprod.scoring.output import Output


def table_of(*rows: dict) -> pa.Table:
    plain = {
        "row": 0, "id": "a", "category": "A > B", "confidence": 0.5, "top_categories": ["A > B", "C"],
        "top_confidences": [0.5, 0.25], "head": "text", "decision": "accepted", "status": "ok", "reason": None,
    }  # fmt: skip
    return pa.Table.from_pylist([{**plain, **row} for row in rows], schema=answered_schema())


def as_csv(*tables: pa.Table, top_k: int = 2) -> list[dict[str, str]]:
    buffer = io.StringIO(newline="")
    write_csv(iter(tables), buffer, top_k=top_k)
    buffer.seek(0)
    return list(csv.DictReader(buffer))


def test_assembly_csv_flattens_the_lists_and_leaves_cells_without_answer_empty():
    nothing = {"category": None, "confidence": None, "top_categories": [], "top_confidences": [], "head": None,
               "decision": "review", "reason": "No readable image or text."}  # fmt: skip
    first, second, third = as_csv(table_of({}, nothing), table_of({"row": 2}))
    assert list(first) == ["row", "id", "category", "confidence", "category_1", "confidence_1", "category_2",
                           "confidence_2", "head", "decision", "status", "reason", "categories_set"]  # fmt: skip
    assert (first["category_1"], first["confidence_1"], first["category_2"], first["confidence_2"]) == (
        "A > B", "0.5", "C", "0.25",
    )  # fmt: skip
    assert [second[name] for name in ("category", "confidence", "category_1", "confidence_2", "head")] == [
        ""
    ] * 5
    assert (third["row"], third["confidence_2"]) == ("2", "0.25")


def test_assembly_csv_joins_the_prediction_set_in_one_cell_that_is_empty_without():
    with_set, without = as_csv(table_of({"categories_set": ["=A > B", "C"]}, {}))
    assert with_set["categories_set"] == "'=A > B | C"
    assert without["categories_set"] == ""


def test_assembly_csv_with_fewer_classes_than_ranks_keeps_its_columns():
    (row,) = as_csv(table_of({}), top_k=3)
    assert (row["category_3"], row["confidence_3"], row["head"]) == ("", "", "text")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_assembly_csv_disarms_what_a_spreadsheet_would_run(start):
    evil = f"{start}HYPERLINK(1)"
    (row,) = as_csv(table_of({"id": evil, "category": evil, "reason": evil, "top_categories": [evil, "C"]}))
    for name in ("id", "category", "reason", "category_1"):
        assert row[name] == f"'{evil}"
    assert row["category_2"] == "C"


def test_assembly_csv_keeps_quotes_line_breaks_and_every_script():
    text = 'кот, "猫"\n=not at the start'
    (row,) = as_csv(table_of({"id": text}))
    assert row["id"] == text


def test_assembly_csv_confidence_reads_back_as_the_same_float32():
    values = np.random.default_rng(0).random(100, dtype=np.float32)
    rows = as_csv(table_of(*({"confidence": float(value)} for value in values)))
    np.testing.assert_array_equal(np.asarray([row["confidence"] for row in rows], np.float32), values)
    assert max(len(row["confidence"]) for row in rows) <= 13


def test_assembly_small_parts_become_large_row_groups(tmp_path):
    count, part_rows = ROWS_PER_GROUP + 10_000, 20_000
    plan = PartPlan("scoring", count, part_rows, {})
    output = Output(str(tmp_path / "out.parquet"), "parquet")
    output.parts.mkdir()
    for part in plan.parts:
        rows = {
            name: table_of({})[name].combine_chunks().take(pa.array([0] * part.rows))
            for name in answered_schema().names
        }
        rows["row"] = pa.array(range(part.start, part.start + part.rows))
        pq.write_table(pa.table(rows, schema=answered_schema()), output.parts / part.file_name)
    summary = assemble(plan, output, top_k=3)
    metadata = pq.read_metadata(tmp_path / "out.parquet")
    assert summary.rows == metadata.num_rows == count
    assert metadata.num_row_groups == 1
    assert pq.read_table(tmp_path / "out.parquet")["row"].to_pylist() == list(range(count))
    assert not (output.parts / "whole.parquet").exists()
