from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.errors import ScoringError
from smartprod.scoring import ScoringPlan
from smartprod.scoring.plan import agree_on_plan

PLAN = ScoringPlan("table", 25, 10, "model", "fused", "parquet", "settings")


@given(rows=st.integers(0, 5_000), part_rows=st.integers(1, 700))
def test_plan_parts_cover_every_row_once_in_order(rows, part_rows):
    parts = replace(PLAN, rows=rows, part_rows=part_rows).parts
    assert [row for part in parts for row in range(part.start, part.start + part.rows)] == list(range(rows))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(part.rows == part_rows for part in parts[:-1])


def test_plan_pending_parts_are_those_without_a_file(tmp_path):
    (tmp_path / "part-00001.parquet").write_bytes(b"")
    (tmp_path / ".part-00002.parquet.77.tmp").write_bytes(b"")
    assert [part.number for part in PLAN.pending(tmp_path)] == [0, 2]


def test_plan_the_same_plan_agrees(tmp_path):
    agree_on_plan(PLAN, tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    agree_on_plan(PLAN, tmp_path)


def test_plan_another_plan_is_refused_with_all_that_differs(tmp_path):
    agree_on_plan(PLAN, tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(ScoringError, match=r"the table \(or how it is read\), the mode"):
        agree_on_plan(replace(PLAN, table="other", mode="cheapest-first"), tmp_path)
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(ScoringError, match="its plan cannot be read"):
        agree_on_plan(PLAN, tmp_path)


def test_plan_without_any_part_binds_nobody(tmp_path):
    agree_on_plan(PLAN, tmp_path)
    other = replace(PLAN, mode="cheapest-first")
    agree_on_plan(other, tmp_path)
    (tmp_path / "part-00000.parquet").write_bytes(b"")
    agree_on_plan(other, tmp_path)
