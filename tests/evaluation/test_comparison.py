from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.evaluation import ChosenHead, ReportData, ScoredDecisions, compare_runs
from smartprod.evaluation.comparison_page import comparison_lines, comparison_page
from smartprod.evaluation.kept_answers import answers_table, read_answers
from smartprod.pipeline import RunFolder, get_artefact, write_artefact

CLASSES = ("Clothes > Shirts", "Clothes > Skirts", "Shoes > Boots")
ROWS = 120


@pytest.fixture
def make_run(tmp_path, make_head):
    """Write what a finished run keeps of its answers; `strength` says how good they are."""

    def make(
        name: str, *, strength: float, ids: bool = True, first: int = 0, hidden: float = 0.0
    ) -> RunFolder:
        labels = np.random.default_rng(5).integers(0, 3, ROWS)
        head = make_head("fused", labels, classes=3, strength=strength, seed=3)
        held = head.confidence < hidden
        data = ReportData(
            run_name=name,
            classes=CLASSES,
            train_counts=np.array([9, 9, 9]),
            test=(head,),
            validation=(),
            chosen=ChosenHead("fused"),
            together=head,
            decisions=ScoredDecisions(
                rows=head.rows,
                truth=tuple(CLASSES[label] for label in labels),
                predicted=tuple(CLASSES[answer] for answer in head.predicted),
                confidence=head.confidence,
                head=("fused",) * ROWS,
                decision=tuple("review" if each else "accepted" for each in held),
            ),
        )
        run = RunFolder(tmp_path / name)
        products = pa.table(
            {
                "row": range(ROWS),
                "id": [f"P{first + row}" if ids else None for row in range(ROWS)],
                "title": [f'<script>alert({row})</script> "shirt"' for row in range(ROWS)],
                "images": pa.array([["photos/none.jpg"]] * ROWS, pa.list_(pa.string())),
                "category": pa.array([[CLASSES[label]] for label in labels], pa.list_(pa.string())),
            }
        )
        index = pa.table(
            {
                "image_key": [f"i{first + row}" for row in range(ROWS)],
                "text_key": [f"t{first + row}" for row in range(ROWS)],
            }
        )
        split = pa.table({"part": ["test"] * ROWS})
        for artefact, table in (
            ("products", products),
            ("split", split),
            ("answers", answers_table(data, products, index)),
        ):
            path = run.artefact_path(artefact)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_artefact(get_artefact(artefact), table, path)
        run.config_path.write_text(load_config(None, []).config.model_dump_json(), encoding="utf-8")
        return run

    return make


def test_comparison_of_a_better_run_says_so_with_an_interval(make_run):
    found = compare_runs(make_run("weak", strength=1.0).root, make_run("strong", strength=5.0).root)
    accuracy = found.metrics[0]
    assert accuracy.name == "accuracy"
    assert found.rows == ROWS
    assert 0 < accuracy.low < accuracy.difference < accuracy.high
    assert accuracy.verdict == "better"
    (loss,) = [each for each in found.metrics if each.name == "log loss"]
    assert loss.difference < 0
    assert loss.verdict == "better"
    assert len(found.won) - len(found.lost) == round(accuracy.difference * ROWS)
    assert sum(each.difference for each in found.classes) == len(found.won) - len(found.lost)


def test_comparison_of_a_run_with_itself_is_even(make_run):
    run = make_run("same", strength=2.0)
    found = compare_runs(run.root, run.root)
    assert {each.verdict for each in found.metrics} == {"even"}
    assert all(each.difference == each.low == each.high == 0 for each in found.metrics)
    assert found.classes == ()
    assert len(found.won) == len(found.lost) == 0


def test_comparison_counts_what_is_held_back_only_where_answers_are_given(make_run):
    found = compare_runs(make_run("all", strength=2.0).root, make_run("some", strength=2.0, hidden=0.7).root)
    by_name = {each.name: each for each in found.metrics}
    assert by_name["accuracy"].difference == 0
    assert by_name["answered automatically"].difference < 0
    assert by_name["right of those"].difference > 0


def test_comparison_matches_by_content_where_products_have_no_ids(make_run):
    found = compare_runs(
        make_run("one", strength=2.0, ids=False).root, make_run("other", strength=2.0, ids=False).root
    )
    assert found.matched_by == "content"
    assert found.rows == ROWS


def test_comparison_uses_common_products_and_says_how_many_are_left_out(make_run):
    found = compare_runs(make_run("one", strength=9.0).root, make_run("other", strength=9.0, first=0).root)
    assert found.left_out == (0, 0)
    with pytest.raises(UsageError, match="SP659"):
        compare_runs(make_run("early", strength=2.0).root, make_run("late", strength=2.0, first=100).root)


def test_comparison_needs_kept_answers(tmp_path, make_run):
    with pytest.raises(UsageError, match="SP658"):
        compare_runs(make_run("one", strength=2.0).root, tmp_path)


def test_comparison_lines_and_page_tell_what_changed(make_run):
    weak, strong = make_run("weak", strength=1.0), make_run("strong", strength=5.0)
    found = compare_runs(weak.root, strong.root)
    lines = "\n".join(comparison_lines(found))
    assert re.search(
        r"accuracy +[01]\.\d{4} +[01]\.\d{4} +\+0\.\d{4} +\+0\.\d{4} to \+0\.\d{4}  better", lines
    )
    assert "categories won by strong" in lines
    page = comparison_page(found, strong.root)
    assert "weak → strong" in page
    assert "photo file missing" in page
    assert "<script>alert" not in page
    assert page.count('<figure class="tile">') == min(len(found.won), 24) + min(len(found.lost), 24)


def test_kept_answers_hold_what_no_head_could_answer(report_data):
    known = report_data.decisions
    decisions = ScoredDecisions(
        rows=np.append(known.rows, 200),
        truth=(*known.truth, "Shoes > Boots"),
        predicted=(*known.predicted, ""),
        confidence=np.append(known.confidence, np.nan).astype(np.float32),
        head=(*known.head, ""),
        decision=(*known.decision[:-1], "backed_off", "review"),
    )
    ancestor = decisions.truth[-2].rsplit(" > ", 1)[0]
    decisions = replace(decisions, predicted=(*decisions.predicted[:-2], ancestor, ""))
    data = replace(report_data, decisions=decisions, together=report_data.test[-1])
    count = 201
    table = answers_table(
        data,
        pa.table({"id": [None] * count}),
        pa.table({"image_key": pa.nulls(count, pa.string()), "text_key": ["t"] * count}),
    )
    kept = read_answers(table)
    assert kept.answer[-1] == ""
    assert np.isnan(kept.confidence[-1])
    assert (kept.given[-2], bool(kept.right[-2])) == (ancestor, True)
    assert not kept.right[-1]
    accepted = np.array([kind == "accepted" for kind in decisions.decision])
    assert (kept.right[accepted] == (kept.answer == kept.truth)[accepted]).all()
