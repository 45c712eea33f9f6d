"""Trackers: who is told of each epoch of a training besides the run folder. None is needed, none is imported unless asked for."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.finetuning.history import EpochRecord

TRACKERS_FOLDER = "trackers"


@dataclass(frozen=True, slots=True)
class TrackedTraining:
    """A training as trackers know it.

    Attributes:
        run: Name of the run.
        stage: The stage that trains.
        key: What the training depends on; a resumed training has the same one.
        folder: Where trackers keep their files.
        settings: The configuration of the training.
    """

    run: str
    stage: str
    key: str
    folder: Path
    settings: dict[str, Any]


class Tracker(Protocol):
    """Takes the figures of a training."""

    def log(self, epoch: int, figures: dict[str, float]) -> None:
        """Take the figures of an epoch, from 1. A resumed training tells its earlier epochs again."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class TensorBoardTracker:
    """Event files: `tensorboard --logdir runs`."""

    def __init__(self, training: TrackedTraining) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder = training.folder / "tensorboard" / training.stage
        shutil.rmtree(folder, ignore_errors=True)  # all epochs are told again
        self._writer = SummaryWriter(str(folder))
        self._writer.add_text("settings", "\n".join(f"    {k}: {v}" for k, v in training.settings.items()))

    def log(self, epoch: int, figures: dict[str, float]) -> None:
        """Write one scalar for each figure."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, global_step=epoch)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()


class WandbTracker:
    """Weights & Biases, by its own environment variables: `WANDB_MODE=offline` keeps everything in the run folder."""

    def __init__(self, training: TrackedTraining) -> None:
        import wandb

        training.folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "smartprod"),
            name=f"{training.run} {training.stage}",
            id=hashlib.sha256(training.key.encode()).hexdigest()[:32],
            resume="allow",
            dir=str(training.folder),
            config=training.settings,
        )

    def log(self, epoch: int, figures: dict[str, float]) -> None:
        """Log them at the step of the epoch; W&B leaves out steps that it has."""
        self._run.log(figures, step=epoch)

    def close(self) -> None:
        """End the run."""
        self._run.finish()


class MlflowTracker:
    """MLflow, at `MLFLOW_TRACKING_URI` or else in files in the run folder."""

    def __init__(self, training: TrackedTraining) -> None:
        if "MLFLOW_TRACKING_URI" in os.environ:
            place = None
        else:
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # else MLflow wants a database
            place = (training.folder / "mlflow").absolute().as_uri()
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient(tracking_uri=place)
        experiment = self._client.get_experiment_by_name(training.run)
        number = experiment.experiment_id if experiment else self._client.create_experiment(training.run)
        found = self._client.search_runs([number], f"tags.smartprod_key = '{training.key}'", max_results=1)
        run = found[0] if found else self._begin(number, training)
        self._id = run.info.run_id
        history = self._client.get_metric_history(self._id, "train_loss")
        self._known = max((point.step for point in history), default=0)

    def _begin(self, experiment: str, training: TrackedTraining) -> Any:
        run = self._client.create_run(
            experiment, run_name=training.stage, tags={"smartprod_key": training.key}
        )
        for name, value in training.settings.items():
            self._client.log_param(run.info.run_id, name, value)
        return run

    def log(self, epoch: int, figures: dict[str, float]) -> None:
        """Log the figures of an epoch that it does not have."""
        if epoch > self._known:
            for name, value in figures.items():
                self._client.log_metric(self._id, name, value, step=epoch)

    def close(self) -> None:
        """Mark the run as done."""
        self._client.set_terminated(self._id)


_TRACKERS: dict[str, tuple[str, Callable[[TrackedTraining], Tracker]]] = {
    "tensorboard": ("tensorboard", TensorBoardTracker),
    "wandb": ("wandb", WandbTracker),
    "mlflow": ("mlflow", MlflowTracker),
}
"""By name: the package it needs, and what opens it."""


def check_trackers(names: Sequence[str]) -> None:
    """Refuse trackers whose package is not installed.

    Raises:
        UsageError: (SP460) It names the extra.
    """
    for name in names:
        if importlib.util.find_spec(_TRACKERS[name][0]) is None:
            raise UsageError(
                "SP460",
                f"The tracker {name} is not installed.",
                where="finetune.trackers",
                fix=f"pip install 'smartprod[{name}]', or leave it out",
            )


@contextmanager
def open_trackers(names: Sequence[str], training: TrackedTraining) -> Iterator[Callable[[EpochRecord], None]]:
    """Open trackers, and give what tells all of them of an epoch.

    Raises:
        UsageError: (SP460) One of them is not installed.
    """
    check_trackers(names)
    with ExitStack() as stack:
        opened = []
        for name in names:
            tracker = _TRACKERS[name][1](training)
            stack.callback(tracker.close)
            opened.append(tracker)

        def tell(record: EpochRecord) -> None:
            figures = figures_of(record)
            for tracker in opened:
                tracker.log(record.epoch, figures)

        yield tell


def figures_of(record: EpochRecord) -> dict[str, float]:
    """The figures of an epoch that were measured, by name."""
    return {
        name: float(value) for name, value in asdict(record).items() if name != "epoch" and value is not None
    }
