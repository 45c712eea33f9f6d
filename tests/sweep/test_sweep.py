from __future__ import annotations

import csv
import json
import math
import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.evaluation import SweepTable, Trial, TrialScores, read_sweep, sweep_page
from smartprod.evaluation.sweeps import sweep_table
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline
from smartprod.sweep import Choices, Range, SweepSettings, parse_dimension, sweep
from smartprod.sweep.proposals import OptunaProposals
from smartprod.sweep.space import grid
from smartprod.sweep.trial import comparing_pipeline
from tests.conftest import QUICK

C = parse_dimension("classifier.logistic.C=[1],[30]")
WEIGHT = parse_dimension("classifier.class_weight=none,balanced")


@pytest.fixture(scope="module")
def base(demo_run, tmp_path_factory):
    """A copy of the trained demo run, and how to load its configuration."""
    runs = tmp_path_factory.mktemp("sweep") / "runs"
    shutil.copytree(demo_run.run.root.parent, runs)

    def load(*overrides):
        table = f"catalog.path={demo_run.catalogue / 'products.csv'}"
        return load_config("demo", (table, f"run.folder={runs}", *QUICK, *overrides))

    return load


@pytest.fixture(scope="module")
def swept(base):
    return sweep(base(), [C, WEIGHT], SweepSettings(), console=RunConsole(quiet=True))


def folder(base):
    return RunFolder.of(base().config).root / "sweep"


def test_sweep_compares_every_combination_on_held_out_rows(base, swept):
    values = [tuple(trial.values.values()) for trial in swept.trials]
    assert values == [("[1]", "none"), ("[1]", "balanced"), ("[30]", "none"), ("[30]", "balanced")]
    for trial in swept.trials:
        board = json.loads((folder(base) / str(trial.number) / "classify" / "leaderboard.json").read_text())
        chosen = next(entry for entry in board if entry["head"] == "fused" and entry["chosen"])
        assert trial.scores.macro_f1 == pytest.approx(chosen["macro_f1"])
        assert trial.scores.learned_accuracy >= trial.scores.accuracy
    best = swept.ranked[0]
    assert best.scores.macro_f1 == max(trial.scores.macro_f1 for trial in swept.trials)


def test_sweep_shares_what_comes_before_the_first_change(base, swept):
    root = RunFolder.of(base().config).root
    for trial in swept.trials:
        mine = folder(base) / str(trial.number)
        for stage in ("catalog", "clean", "extract", "split", "fuse", "resample"):
            theirs = (root / stage / "manifest.json").read_bytes()
            assert (mine / stage / "manifest.json").read_bytes() == theirs, "taken over, not computed"
        assert not (mine / "report").exists()


def test_sweep_does_not_do_again_what_is_done(base, swept):
    before = {path: path.stat().st_mtime_ns for path in folder(base).rglob("manifest.json")}
    again = sweep(base(), [C, WEIGHT], SweepSettings(), console=RunConsole(quiet=True))
    assert again == swept
    assert {path: path.stat().st_mtime_ns for path in folder(base).rglob("manifest.json")} == before


def test_sweep_goes_on_where_time_was_over(base, swept):
    third = folder(base) / "3"
    shutil.rmtree(third)
    stopped = sweep(base(), [C, WEIGHT], SweepSettings(seconds=0), console=RunConsole(quiet=True))
    assert not third.exists()
    assert stopped == swept, "what is known stays in the table"
    done = sweep(base(), [C, WEIGHT], SweepSettings(), console=RunConsole(quiet=True))
    assert third.is_dir()
    assert [replace(trial, seconds=0) for trial in done.trials] == [
        replace(trial, seconds=0) for trial in swept.trials
    ]


def test_sweep_keeps_its_table_as_json_csv_and_page(base, swept):
    assert read_sweep(RunFolder.of(base().config)) == swept
    with (folder(base) / "sweep.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["number"]) for line in lines] == [trial.number for trial in swept.ranked]
    assert float(lines[0]["macro_f1"]) == swept.ranked[0].scores.macro_f1
    page = (folder(base) / "sweep.html").read_text(encoding="utf-8")
    assert "classifier.class_weight" in page
    assert "never of test products" in page


def test_sweep_of_another_configuration_does_not_compare_with_the_old_one(base, swept):
    changed = base("clean.max_characters=500")
    table = sweep(changed, [C], SweepSettings(seconds=0), console=RunConsole(quiet=True))
    assert table.base != swept.base
    assert table.trials == ()


def test_sweep_variant_that_fails_is_kept_with_the_reason(base):
    loaded = base("split.val_fraction=0", "run.name=failing")
    table = sweep(
        loaded, [parse_dimension("split.folds=1,2")], SweepSettings(), console=RunConsole(quiet=True)
    )
    assert [trial.scores is None for trial in table.trials] == [True, False]
    assert table.trials[0].reason.startswith("[SP502]")
    assert table.ranked[-1].number == 1
    assert "SP502" in sweep_page(table, title="x")


def test_sweep_wrong_value_ends_it_before_anything_is_computed(base):
    loaded = base("run.name=never")
    with pytest.raises(UsageError, match=r"classifier\.kind"):
        sweep(
            loaded,
            [parse_dimension("classifier.kind=mlp,forest")],
            SweepSettings(),
            console=RunConsole(quiet=True),
        )
    assert not RunFolder.of(loaded.config).root.exists()


def test_sweep_runs_no_stage_that_looks_at_test_rows():
    stages = comparing_pipeline(load_pipeline("all")).stages
    assert stages == ("catalog", "clean", "extract", "split", "fuse", "resample", "classify")
    with pytest.raises(UsageError, match="SP949"):
        comparing_pipeline(load_pipeline("several-labels"))


def test_sweep_dimensions_are_read():
    assert parse_dimension("a.b=1,2,1") == Choices("a.b", ("1", "2"))
    assert parse_dimension("extract.image=[lite0],[lite0,lite2]") == Choices(
        "extract.image", ("[lite0]", "[lite0,lite2]")
    )
    assert parse_dimension("d=0..0.6") == Range("d", 0, 0.6, whole=False, log=False)
    assert parse_dimension("n=1..9") == Range("n", 1, 9, whole=True, log=False)
    assert parse_dimension("r=log:1e-4..1e-2") == Range("r", 1e-4, 1e-2, whole=False, log=True)
    for text in ("a", "=1", "a=", "a=1,,2"):
        with pytest.raises(UsageError, match="SP939"):
            parse_dimension(text)
    with pytest.raises(UsageError, match="SP947"):
        grid([Range("d", 0, 1, whole=False, log=False)])


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True), min_size=1, max_size=3))
def test_sweep_grid_holds_every_combination_once(columns):
    made = grid([Choices(f"k{place}", tuple(map(str, column))) for place, column in enumerate(columns)])
    assert len(made) == math.prod(map(len, columns))
    assert len({tuple(values.items()) for values in made}) == len(made)


def scored(number, values):
    value = -abs(float(values["x"]) - 3) + (values["kind"] == "b")
    return Trial(number, values, TrialScores("fused", "c", 9, 1.0, 0.0, value, 0.0, value))


def proposed(trials, known=()):
    """The variants that Optuna chooses where each gives `scored`."""
    pytest.importorskip("optuna")
    tables = [SweepTable("base", "macro_f1", tuple(known))]
    space = [Choices("kind", ("a", "b")), Range("x", 0, 9, whole=False, log=False)]
    for values in OptunaProposals(space, trials=trials, seed=5).each(lambda: tables[-1]):
        trials_so_far = tables[-1].trials
        if all(trial.values != values for trial in trials_so_far):
            trial = scored(len(trials_so_far) + 1, values)
            tables.append(replace(tables[-1], trials=(*trials_so_far, trial)))
    return tables[-1]


def test_sweep_of_optuna_goes_on_as_if_it_had_not_been_stopped():
    whole = proposed(14)
    assert len(whole.trials) == 14
    assert proposed(14, known=proposed(9).trials) == whole
    assert whole.ranked[0].values["kind"] == "b"


def test_sweep_of_optuna_ends_where_nothing_is_left():
    pytest.importorskip("optuna")
    table = SweepTable("base", "macro_f1")
    assert (
        len(list(OptunaProposals([Choices("k", ("1", "2", "3"))], trials=9, seed=0).each(lambda: table))) == 3
    )


def test_sweep_table_survives_json():
    table = SweepTable(
        "b", "log_loss", (scored(1, {"x": "1", "kind": "a"}), Trial(2, {"x": "2"}, None, "no"))
    )
    assert json.loads(json.dumps(table.document()))["trials"][0]["scores"]["standard_error"] is None
    again = sweep_table(json.loads(json.dumps(table.document())))
    assert again.document() == table.document()
