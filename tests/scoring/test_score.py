from __future__ import annotations

import csv
import json
import shutil

import pyarrow.parquet as pq
import pytest

from smartprod.errors import (
    ExitCode,
    InterruptedRunError,
    JobError,
    ModelError,
    TooManyBadRowsError,
    UsageError,
)
from smartprod.model import answered_schema
from smartprod.scoring import part, score_table


def test_score_output_has_exactly_the_schema_and_one_row_per_input_row_in_order(score, demo_run):
    outcome = score()
    table = pq.read_table(outcome.out)
    assert table.schema.equals(answered_schema())
    with demo_run.new_table.open(encoding="utf-8", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert table["row"].to_pylist() == list(range(50))
    assert table["id"].to_pylist() == ids
    assert outcome.summary.rows == outcome.rows_scored == 50
    assert not outcome.out.with_name("scored.parquet.parts").exists()


def test_score_values_agree_with_each_other(score, rows_of):
    for row in rows_of(score()):
        assert len(row["top_categories"]) == len(row["top_confidences"]) == (3 if row["head"] else 0)
        assert row["top_confidences"] == sorted(row["top_confidences"], reverse=True)
        assert (row["reason"] is None) == (row["decision"] == "accepted" and row["status"] == "ok")
        match row["decision"]:
            case "accepted":
                assert row["category"] == row["top_categories"][0]
                assert row["confidence"] == row["top_confidences"][0]
            case "backed_off":
                assert row["category"].count(" > ") < 2  # above the leaves, which stand on the third level
                assert (
                    row["confidence"] > row["top_confidences"][0]
                )  # surer than any leaf, or it had been accepted
            case "other":
                assert row["category"] is None


def test_score_twice_gives_the_same_bytes(score):
    first = score(out="a.parquet", store=None)
    second = score(out="b.parquet", store=None)
    assert first.out.read_bytes() == second.out.read_bytes()


@pytest.mark.parametrize("lost", [[0], [5], [2, 3], [0, 1, 2, 3, 4, 5]], ids=str)
def test_score_resumed_equals_uninterrupted(score, monkeypatch, tmp_path, lost):
    whole = score(out="whole.parquet").out.read_bytes()
    kept = tmp_path / "kept"
    with monkeypatch.context() as patch:
        # what a job leaves that is killed when all its parts are there
        patch.setattr(
            "smartprod.scoring.score.assemble", lambda *_, **__: shutil.copytree(out_parts, kept) and 1 / 0
        )
        out_parts = tmp_path / "resumed.parquet.parts"
        with pytest.raises(ZeroDivisionError):
            score(out="resumed.parquet")
    assert sorted(path.name for path in kept.glob("part-*")) == [f"part-{n:05d}.parquet" for n in range(6)]
    for number in lost:
        (out_parts / f"part-{number:05d}.parquet").unlink()
    (out_parts / ".part-00004.parquet.99999.tmp").write_bytes(b"left by the killed process")
    outcome = score(out="resumed.parquet")
    assert outcome.out.read_bytes() == whole
    assert outcome.rows_scored == sum(5 if number == 5 else 9 for number in lost)
    assert not out_parts.exists()


@pytest.fixture
def interrupted(score, monkeypatch):
    """Score two of six parts, then press Ctrl-C."""

    def call(**options) -> InterruptedRunError:
        real = part.PartScorer.do

        def do(self, wanted, advance):
            if wanted.number == 2:
                raise KeyboardInterrupt
            return real(self, wanted, advance)

        with monkeypatch.context() as patch:
            patch.setattr(part.PartScorer, "do", do)
            with pytest.raises(InterruptedRunError) as caught:
                score(**options)
        return caught.value

    return call


def test_score_interrupted_tells_the_command_that_goes_on(interrupted, tmp_path, demo_run):
    error = interrupted(mode="image-then-text")
    assert error.exit_code == ExitCode.INTERRUPTED
    assert "2 of 6 parts are kept" in str(error)
    (note,) = error.__notes__
    assert note.startswith(f"go on with: smartprod score {demo_run.new_table} score.part_rows=9 --model")
    assert "--mode image-then-text" in note
    assert not (tmp_path / "scored.parquet").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mode": "cheapest-first"}, "the mode"),
        ({"overrides": ["score.part_rows=10"]}, "the rows of a part"),
        ({"overrides": ["score.top_k=2"]}, "other settings"),
        ({"overrides": ["catalog.columns.title=description"]}, "the table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_score_going_on_otherwise_is_refused_with_what_differs(interrupted, score, change, told):
    interrupted()
    options = dict(change)
    with pytest.raises(JobError, match=f"SP801(.|\n)*changed since: .*{told}(.|\n)*--fresh"):
        score(*options.pop("overrides", []), **options)


def test_score_going_on_with_another_model_is_refused_and_fresh_starts_again(
    interrupted, score, tmp_path, demo_run
):
    interrupted()
    other = shutil.copytree(demo_run.model, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest))  # the same content in other bytes
    with pytest.raises(JobError, match=r"SP801(.|\n)*changed since: the model"):
        score(model=other)
    assert score(model=other, fresh=True).rows_scored == 50


def test_score_table_that_changes_meanwhile_is_refused(score, demo_run, tmp_path, monkeypatch):
    table = tmp_path / "growing.csv"
    shutil.copy(demo_run.new_table, table)
    real = part.PartScorer.do

    def do(self, wanted, advance):
        with table.open("a") as file:
            file.write("late,a plate,,,,,,,\n")
        return real(self, wanted, advance)

    monkeypatch.setattr(part.PartScorer, "do", do)
    with pytest.raises(JobError, match="SP808"):
        score(table=table, image_root=demo_run.catalogue)
    assert not (tmp_path / "scored.parquet").exists()


def test_score_table_that_shrinks_meanwhile_is_refused(score, demo_run, tmp_path, monkeypatch):
    table = tmp_path / "shrinking.csv"
    lines = demo_run.new_table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(lines), encoding="utf-8")
    monkeypatch.setattr("smartprod.scoring.score.count_records", lambda config: 60)
    with pytest.raises(JobError, match="SP802"):
        score(table=table, image_root=demo_run.catalogue)


def test_score_part_with_other_rows_is_refused(interrupted, score, tmp_path):
    interrupted()
    folder = tmp_path / "scored.parquet.parts"
    shutil.copy(folder / "part-00000.parquet", folder / "part-00001.parquet")
    with pytest.raises(JobError, match=r"SP803(.|\n)*part-00001"):
        score()


def test_score_two_processes_into_one_file_are_refused(score, tmp_path):
    from filelock import FileLock

    folder = tmp_path / "scored.parquet.parts"
    folder.mkdir()
    with FileLock(folder / ".lock"), pytest.raises(JobError, match="SP809"):
        score()


def test_score_jsonl_and_gzipped_table_with_other_column_names(score, rows_of, tmp_path, demo_run):
    import gzip

    with demo_run.new_table.open(encoding="utf-8", newline="") as file:
        records = [
            {"sku": row["id"], "name": row["title"], "photo": row["image"]} for row in csv.DictReader(file)
        ]
    table = tmp_path / "new.jsonl.gz"
    table.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    names = ("catalog.columns.id=sku", "catalog.columns.title=name", "catalog.columns.images=[photo]")
    scored = rows_of(score(*names, table=table, image_root=demo_run.catalogue))
    assert [row["id"] for row in scored] == [record["sku"] for record in records]
    assert {row["head"] for row in scored} == {"fused", "image", "text", None}


def test_score_unreadable_lines_keep_their_rows(score, rows_of, tmp_path):
    table = tmp_path / "broken.csv"
    table.write_bytes(
        b'id,title\n1,a ceramic plate\n2,too,many,fields\n3,a table lamp\n4,\xff\xfe running shoes\n5,"never closed\n'
    )
    scored = rows_of(score(table=table))
    assert [row["row"] for row in scored] == [0, 1, 2, 3, 4]
    assert [row["head"] for row in scored] == ["text", None, "text", "text", None]
    assert scored[1]["status"] == "row:unreadable"
    assert scored[1]["decision"] == "review"
    assert scored[1]["reason"] == "No readable image or text. Row: line 3: 4 fields where the header has 2."
    assert scored[3]["status"] == "images:missing;title:unreadable"
    assert "not valid utf-8 text" in scored[3]["reason"]
    assert "a quote is opened and not closed" in scored[4]["reason"]


def test_score_row_with_a_damaged_id_is_answered_by_its_text(score, rows_of, tmp_path):
    (tmp_path / "ids.csv").write_bytes(b"id,title\n1\xff,a table lamp\n")
    (row,) = rows_of(score(table=tmp_path / "ids.csv"))
    assert (row["head"], row["status"]) == ("text", "row:corrupt;images:missing")
    assert "column 'id': not valid utf-8 text" in row["reason"]


def test_score_table_without_rows_gives_a_file_without_rows(score, tmp_path):
    (tmp_path / "empty.csv").write_text("id,title,image\n")
    outcome = score(table=tmp_path / "empty.csv")
    assert pq.read_table(outcome.out).schema.equals(answered_schema())
    assert outcome.summary.rows == 0


def test_score_too_many_unusable_rows_is_told_after_the_output_is_written(score, tmp_path, rows_of):
    table = tmp_path / "mostly-empty.csv"
    table.write_text("id,title\n1,a plate\n2,\n3,\n")
    with pytest.raises(TooManyBadRowsError, match=r"SP811(.|\n)*2 of 3 rows(.|\n)*50.0%") as caught:
        score(table=table)
    assert caught.value.exit_code == ExitCode.TOO_MANY_BAD_ROWS
    assert pq.read_table(tmp_path / "scored.parquet").num_rows == 3
    assert score("score.max_bad_fraction=0.9", table=table, out="again.parquet").summary.without_input == 2


def test_score_refuses_before_it_computes(score, demo_run, tmp_path):
    cases = [
        (UsageError, "SP804", {"out": "scored.xlsx"}),
        (UsageError, "SP805", {"output_format": "xlsx"}),
        (UsageError, "SP806", {"out": ".", "output_format": "parquet"}),
        (UsageError, "SP816", {"out": "memory://bucket/scored/"}),
        (UsageError, "SP818", {"out": "nowhere://bucket/scored.parquet"}),
        (UsageError, "SP719", {"mode": "slow"}),
        (UsageError, "SP201", {"table": tmp_path / "absent.csv"}),
        (UsageError, "SP210", {"image_root": tmp_path / "absent"}),
        (ModelError, "SP710", {"model": tmp_path}),
    ]
    for kind, code, options in cases:
        with pytest.raises(kind, match=code):
            score(**options)
    for override, code in [("clean.max_characters=100", "SP807"), ("score.top_k=0", "SP113"), ("nonsense", "SP115"),
                           ("catalog.columns.title=absent", "SP204")]:  # fmt: skip
        with pytest.raises(UsageError, match=code):
            score(override)
    with pytest.raises(UsageError, match="SP806"):
        score_table(demo_run.new_table, model=demo_run.model, out=demo_run.new_table)
    assert list(tmp_path.iterdir()) == []


def test_score_mode_of_its_own_has_its_own_thresholds(score, demo_run, rows_of):
    from smartprod.model import load_model

    model = load_model(demo_run.model)
    own, other = model.decider.settings, model.decider_for("image-then-text").settings
    assert (own.mode, other.mode) == ("fused", "image-then-text")
    assert other.accept == own.other_modes["image-then-text"].accept != own.accept
    for row in rows_of(score(mode="image-then-text")):
        assert row["head"] in {"image", "text", None}
        assert row["decision"] != "accepted" or row["confidence"] >= other.accept


def test_score_tells_what_it_does_and_sums_up(score, capsys):
    from smartprod.pipeline import RunConsole

    score(console=RunConsole())
    shown = capsys.readouterr().out
    assert "50 rows, model" in shown
    assert "mode fused" in shown
    assert "decision  " in shown
    assert "1 without usable input" in shown
