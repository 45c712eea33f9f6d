"""Training curves: what an encoder learned epoch by epoch, as the stages that train encoders write it down."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, cast

from smartprod.pipeline import list_artefacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartprod.pipeline import RunFolder

TRAININGS: dict[str, str] = {"image_training": "image encoder", "text_training": "text encoder"}
"""The artefacts that hold a training history, and what was trained."""


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One epoch of a training; NaN stands for what was not measured.

    Attributes:
        epoch: Number, from 1.
        train_loss: Mean loss of the training batches, regularisation included.
        val_loss: Mean loss of the val rows.
        val_macro_f1: Macro-F1 on the val rows, 0 to 1.
        val_weighted_f1: The same weighted by the size of the classes.
        learning_rate: Of the fastest group of parameters, at the end of the epoch.
        seconds: What the epoch took.
    """

    epoch: int
    train_loss: float = nan
    val_loss: float = nan
    val_macro_f1: float = nan
    val_weighted_f1: float = nan
    learning_rate: float = nan
    seconds: float = nan


@dataclass(frozen=True, slots=True)
class TrainingCurves:
    """The history of one training.

    Attributes:
        name: What was trained, such as `text encoder`.
        epochs: Its epochs, in order; not empty.
        best_epoch: The epoch whose weights were kept.
        stopped: Why it ended, in words; may be empty.
    """

    name: str
    epochs: tuple[EpochFigures, ...]
    best_epoch: int
    stopped: str = ""

    @property
    def best(self) -> EpochFigures:
        """The epoch whose weights were kept."""
        return next((each for each in self.epochs if each.epoch == self.best_epoch), self.epochs[-1])

    @property
    def seconds(self) -> float:
        """What all epochs took."""
        return sum(each.seconds for each in self.epochs)


def training_curves(name: str, document: Mapping[str, Any]) -> TrainingCurves | None:
    """Read a training history; None where it holds no epoch.

    Args:
        name: What was trained.
        document: `epochs` (list of the fields of `EpochFigures`; missing or null ones are NaN), `best_epoch`, `stopped`.
    """
    epochs = tuple(_epoch(entry) for entry in document.get("epochs", ()))
    if not epochs:
        return None
    best = int(document.get("best_epoch") or epochs[-1].epoch)
    return TrainingCurves(name, epochs, best, str(document.get("stopped") or ""))


def _epoch(entry: Mapping[str, Any]) -> EpochFigures:
    figures = {
        name: float(entry[name])
        for name in EpochFigures.__dataclass_fields__
        if name != "epoch" and entry.get(name) is not None
    }
    return EpochFigures(int(entry["epoch"]), **figures)


def read_trainings(run: RunFolder) -> tuple[TrainingCurves, ...]:
    """Read the histories of the encoders that were trained in a run."""
    found = [
        training_curves(TRAININGS[name], cast("Mapping[str, Any]", run.read(name)))
        for name in _histories(run)
    ]
    return tuple(curves for curves in found if curves is not None)


def training_files(run: RunFolder) -> list[Path]:
    """List the files that hold them."""
    return [run.artefact_path(name) for name in _histories(run)]


def _histories(run: RunFolder) -> list[str]:
    known = {artefact.name for artefact in list_artefacts()}
    return [name for name in TRAININGS if name in known and run.artefact_path(name).is_file()]
