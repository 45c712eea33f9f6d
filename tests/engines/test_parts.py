from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.engines import PartPlan, hold_folder
from smartprod.errors import JobError

PLAN = PartPlan("scoring", 25, 10, {"the table": "t", "the mode": "fused"})


@given(rows=st.integers(0, 5_000), part_rows=st.integers(1, 700))
def test_parts_parts_cover_every_row_once_in_order(rows, part_rows):
    parts = replace(PLAN, rows=rows, part_rows=part_rows).parts
    assert [row for part in parts for row in range(part.start, part.start + part.rows)] == list(range(rows))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(part.rows == part_rows for part in parts[:-1])


def test_parts_pending_parts_are_those_without_a_file(tmp_path):
    (tmp_path / "part-00001.parquet").write_bytes(b"")
    (tmp_path / ".part-00002.parquet.77.tmp").write_bytes(b"")
    assert [part.number for part in PLAN.pending(tmp_path)] == [0, 2]


def test_parts_the_same_plan_agrees(tmp_path):
    PLAN.agree(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    PLAN.agree(tmp_path)


def test_parts_another_plan_is_refused_with_all_that_differs(tmp_path):
    PLAN.agree(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(JobError, match="the number of rows, the table, the mode"):
        replace(PLAN, rows=26, depends_on={"the table": "other", "the mode": "cheapest-first"}).agree(
            tmp_path
        )
    (tmp_path / "_plan.json").write_text("{")
    with pytest.raises(JobError, match="its plan cannot be read"):
        PLAN.agree(tmp_path)


def test_parts_without_any_part_binds_nobody(tmp_path):
    PLAN.agree(tmp_path)
    other = replace(PLAN, depends_on={"the mode": "cheapest-first"})
    other.agree(tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    other.agree(tmp_path)


def test_parts_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="SP812"), hold_folder(tmp_path / "file" / "parts"):
        pass
