from __future__ import annotations

import json
from dataclasses import replace
from math import isnan

import pytest

from smartprod.config import Config
from smartprod.evaluation.curves import read_trainings, training_curves
from smartprod.evaluation.document import metrics_document
from smartprod.evaluation.plots.curves import training_charts
from smartprod.evaluation.report import build_report
from smartprod.evaluation.stage import training_identity
from smartprod.pipeline import RunFolder

HISTORY = {
    "epochs": [
        {
            "epoch": number,
            "train_loss": 2.5 / number,
            "val_loss": 2.0 / number + 0.4,
            "val_macro_f1": f1,
            "val_weighted_f1": f1 + 0.1,
            "learning_rate": 1e-4 * (4 - number),
        }
        for number, f1 in ((1, 0.41), (2, 0.63), (3, 0.6))
    ],
    "best_epoch": 2,
    "encoder": "minilm",
}


def test_curves_of_a_history_name_the_kept_epoch():
    curves = training_curves("text encoder", HISTORY)
    assert curves is not None
    assert curves.best.val_macro_f1 == 0.63
    assert curves.encoder == "minilm"


def test_curves_read_missing_figures_as_nan():
    curves = training_curves("image encoder", {"epochs": [{"epoch": 1, "train_loss": 0.5, "val_loss": None}]})
    assert curves is not None
    assert isnan(curves.epochs[0].val_loss)
    assert isnan(curves.best.val_macro_f1)
    assert curves.best_epoch == 1


def test_curves_of_a_history_without_epochs_are_none():
    assert training_curves("image encoder", {"epochs": []}) is None


def test_curves_draw_a_panel_only_where_there_are_figures():
    whole = training_curves("text encoder", HISTORY)
    bare = training_curves("text encoder", {"epochs": [{"epoch": 1, "train_loss": 0.5}]})
    assert whole is not None
    assert bare is not None
    assert len(training_charts(whole)) == 3
    assert len(training_charts(bare)) == 1


def test_curves_stand_in_the_report_and_in_the_metrics(report_data):
    curves = training_curves("text encoder", HISTORY)
    assert curves is not None
    data = replace(report_data, trainings=(curves,))
    page = build_report(data)
    assert "Training of the encoders" in page
    assert "Kept: epoch 2, macro-F1 0.630" in page
    assert "Training of the encoders" not in build_report(report_data)
    (entry,) = json.loads(json.dumps(metrics_document(data)))["trainings"]
    assert entry["best_epoch"] == 2
    assert [each["val_macro_f1"] for each in entry["epochs"]] == [0.41, 0.63, 0.6]


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(tmp_path)


def test_curves_are_read_from_the_run_and_change_the_identity_of_the_report(run):
    before = training_identity(Config(), run)
    assert read_trainings(run, ["finetuned-text"]) == ()
    path = run.artefact_path("text_training")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(HISTORY), encoding="utf-8")
    (curves,) = read_trainings(run, ["lite0", "finetuned-text"])
    assert curves.name == "text encoder"
    assert training_identity(Config(), run) != before
    assert read_trainings(run, ["lite0", "minilm"]) == ()  # trained once, not used now
