from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from smartprod.errors import UsageError
from smartprod.finetuning import trackers
from smartprod.finetuning.history import EpochRecord
from smartprod.finetuning.trackers import TrackedTraining, check_trackers, figures_of, open_trackers

RECORDS = (
    EpochRecord(1, True, 1e-3, 2.5, 2.2, 0.4, 0.31),
    EpochRecord(2, False, 5e-4, 1.5, 1.4, 0.6, 0.52),
)


@pytest.fixture
def training(tmp_path) -> TrackedTraining:
    return TrackedTraining(
        "demo", "finetune-text", "ab12" * 16, tmp_path / "trackers", {"epochs": 2, "loss": "focal"}
    )


def needs(package: str):
    return pytest.mark.skipif(
        importlib.util.find_spec(package) is None, reason=f"needs the extra with {package}"
    )


def test_trackers_none_are_opened_and_nothing_is_written_by_default(training):
    with open_trackers((), training) as tell:
        tell(RECORDS[0])
    assert not training.folder.exists()


def test_trackers_that_are_not_installed_are_refused_with_their_extra(monkeypatch):
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="SP460") as caught:
        check_trackers(["wandb"])
    assert "smartprod[wandb]" in str(caught.value)


def test_trackers_are_told_only_what_was_measured():
    record = EpochRecord(3, False, 1e-4, 0.5)
    assert figures_of(record) == {"frozen": 0.0, "learning_rate": 1e-4, "train_loss": 0.5}


def test_trackers_import_nothing_until_they_are_opened():
    code = "import sys, smartprod.finetuning.trackers; print(sorted({'torch', 'tensorboard', 'wandb', 'mlflow'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@needs("tensorboard")
def test_trackers_tensorboard_has_each_figure_once_after_a_resumption(training):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for told in (RECORDS[:1], RECORDS):  # the second one resumes: it tells the first epoch again
        with open_trackers(("tensorboard",), training) as tell:
            for record in told:
                tell(record)
    events = EventAccumulator(str(training.folder / "tensorboard" / "finetune-text")).Reload()
    scalars = [(point.step, round(point.value, 4)) for point in events.Scalars("val_macro_f1")]
    assert scalars == [(1, 0.31), (2, 0.52)]


@needs("wandb")
def test_trackers_wandb_offline_stays_in_the_run_folder(training, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with open_trackers(("wandb",), training) as tell:
        for record in RECORDS:
            tell(record)
    files = list((training.folder / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == 1
    assert files[0].stat().st_size > 0


@needs("mlflow")
def test_trackers_mlflow_has_each_figure_once_after_a_resumption(training, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for told in (RECORDS[:1], RECORDS):
        with open_trackers(("mlflow",), training) as tell:
            for record in told:
                tell(record)
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=(training.folder / "mlflow").absolute().as_uri())
    experiment = client.get_experiment_by_name("demo")
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "val_macro_f1")
    assert [(point.step, point.value) for point in history] == [(1, 0.31), (2, 0.52)]
    assert run.data.params["loss"] == "focal"
