"""Killed at random moments and gone on with, scoring and extraction end as if nobody had touched them."""

from __future__ import annotations

import os
import random
import sys

import pytest

from benchmarks.killing import Difference, compare_files, compare_stores, files_below, run_killed, run_whole

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL"),
]

SAME = Difference(lost=0, doubled=0, shifted=0, is_identical=True)
KILLS = 4
SCORE_MARKS = ("*.parts/.part-*.tmp", "*.parts/part-*", "*.parts/whole*", "scored*.*")
EXTRACT_MARKS = ("runs/**/.part-*.tmp", "runs/**/part-*", "runs/**/_versions/*", "runs/**/.*.tmp")


@pytest.fixture
def folders(tmp_path):
    """Two empty folders: for the run that nobody touches, and for the one that is killed."""
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    return tmp_path / "whole", tmp_path / "killed"


@pytest.mark.parametrize("out", ["scored.parquet", "scored.csv"])
def test_score_killed_at_random_moments_equals_uninterrupted(demo_run, folders, out):
    whole, killed = folders
    command = [
        sys.executable, "-m", "smartprod", "score", str(demo_run.new_table), "score.part_rows=5", "run.threads=1",
        "--model", str(demo_run.model), "--out", out,
    ]  # fmt: skip
    seconds = run_whole(command, cwd=whole)
    outcome = run_killed(
        command, cwd=killed, seconds=seconds, kills=KILLS, marks=SCORE_MARKS, chance=random.Random(out)
    )
    assert outcome.kills
    assert (killed / out).read_bytes() == (whole / out).read_bytes()
    assert files_below(killed) == files_below(whole) == {out}


def test_extract_killed_at_random_moments_equals_uninterrupted(demo_catalogue, folders, cut_table, tmp_path):
    table = cut_table(demo_catalogue / "products.csv", tmp_path / "products.csv", rows=40)
    command = [
        sys.executable, "-m", "smartprod", "run", "extract", "--config", "demo", f"catalog.path={table}",
        f"catalog.image_root={demo_catalogue}", "run.folder=runs", "run.threads=1", "extract.part_rows=5",
    ]  # fmt: skip
    whole, killed = folders
    seconds = run_whole(command, cwd=whole)
    outcome = run_killed(
        command, cwd=killed, seconds=seconds, kills=KILLS, marks=EXTRACT_MARKS, chance=random.Random(0)
    )
    assert outcome.kills
    index = "runs/demo/extract/embedding_index.parquet"
    assert compare_files(whole / index, killed / index) == SAME
    store = "runs/embedding-store"
    assert compare_stores(whole / store, killed / store) == SAME
    assert files_below(killed) == files_below(whole)
