"""Every kind of broken row of the demo catalogue, scored: its row is kept, with its status and reason."""

from __future__ import annotations

import csv

import pyarrow.parquet as pq
import pytest

from smartprod.scoring import score_table

# kind: status, what the reason says, and which heads may answer. Other photos of the product stand in for a bad one.
EXPECTED = {
    "missing_image_file": ("images:missing", "no such file", {"fused", "text"}),
    "empty_image_cell": ("images:missing", "Images: empty.", {"fused", "text"}),
    "missing_text": ("text:missing", "Text: title, attributes and description are empty.", {"image"}),
    "missing_both": ("images:missing;text:missing", "No readable image or text.", {None}),
    "truncated_jpeg": ("images:corrupt", "truncated", {"fused", "text"}),
    "text_named_jpg": ("images:corrupt", "not an image", {"fused", "text"}),
    "zero_byte_file": ("images:corrupt", "empty file", {"fused", "text"}),
    "image_is_url": ("images:forbidden", "https address; images are read from disk only", {"fused", "text"}),
    "markup_only": ("text:missing", "description is only markup", {"image"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def scored(demo_run, tmp_path_factory):
    """The scored unlabelled part by id, and the truth about each row."""
    out = tmp_path_factory.mktemp("scored") / "scored.parquet"
    score_table(demo_run.new_table, model=demo_run.model, out=out)
    rows = {row["id"]: row for row in pq.read_table(out).to_pylist()}
    with (demo_run.catalogue / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = [row for row in csv.DictReader(file) if row["part"] == "new"]
    return rows, truth


@pytest.mark.parametrize("kind", EXPECTED)
def test_score_broken_row_keeps_its_row_with_status_and_reason(scored, kind):
    rows, truth = scored
    status, reason, heads = EXPECTED[kind]
    found = [rows[each["id"]] for each in truth if each["broken"] == kind]
    assert found
    for row in found:
        assert status in row["status"]
        assert reason in row["reason"]
        assert row["head"] in heads
        assert (row["head"] is None) == (row["category"] is None and row["decision"] == "review")


def test_score_every_new_row_is_there_and_sound_ones_are_ok(scored):
    rows, truth = scored
    assert [row["id"] for row in rows.values()] == [each["id"] for each in truth]
    sound = [rows[each["id"]] for each in truth if not each["broken"]]
    assert {row["status"] for row in sound} <= {"ok", "attributes:corrupt"}
    assert {row["head"] for row in sound} == {"fused"}


def test_score_answers_of_whole_rows_are_mostly_right(scored):
    rows, truth = scored
    sound = [each for each in truth if not each["broken"] and each["unseen_class"] == "0"]
    right = sum(rows[each["id"]]["top_categories"][0] == each["true_category"] for each in sound)
    assert right > 0.7 * len(sound)
