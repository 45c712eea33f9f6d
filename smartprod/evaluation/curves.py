"""Training curves: what an encoder learned epoch by epoch, as the stages that train encoders write it down."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from smartprod.pipeline import RunFolder

TRAININGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "image_training": ("image encoder", ("finetuned-image",)),
    "text_training": ("text encoder", ("finetuned-text",)),
    "joint_training": ("image and text encoder together", ("finetuned-image", "finetuned-text")),
}
"""The artefacts that hold a training history: what was trained, and under which names it embeds."""


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One epoch of a training; NaN stands for what was not measured.

    Attributes:
        epoch: Number, from 1.
        train_loss: Mean loss of the training batches, regularisation included.
        val_loss: Mean loss of the val rows.
        val_accuracy: Accuracy on the val rows, 0 to 1.
        val_macro_f1: Macro-F1 on them.
        val_weighted_f1: The same weighted by the size of the classes.
        learning_rate: Of the encoder's last layer, at the end of the epoch.
    """

    epoch: int
    train_loss: float = nan
    val_loss: float = nan
    val_accuracy: float = nan
    val_macro_f1: float = nan
    val_weighted_f1: float = nan
    learning_rate: float = nan


@dataclass(frozen=True, slots=True)
class TrainingCurves:
    """The history of one training.

    Attributes:
        name: What was trained, such as `text encoder`.
        epochs: Its epochs, in order; not empty.
        best_epoch: The epoch whose weights were kept.
        encoder: What it started from; may be empty.
    """

    name: str
    epochs: tuple[EpochFigures, ...]
    best_epoch: int
    encoder: str = ""

    @property
    def best(self) -> EpochFigures:
        """The epoch whose weights were kept."""
        return next((each for each in self.epochs if each.epoch == self.best_epoch), self.epochs[-1])


def training_curves(name: str, document: Mapping[str, Any]) -> TrainingCurves | None:
    """Read a training history; None where it holds no epoch.

    Args:
        name: What was trained.
        document: `epochs` (list of the fields of `EpochFigures`; missing or null ones are NaN), `best_epoch`, `encoder`.
    """
    epochs = tuple(_epoch(entry) for entry in document.get("epochs", ()))
    if not epochs:
        return None
    best = int(document.get("best_epoch") or epochs[-1].epoch)
    return TrainingCurves(name, epochs, best, str(document.get("encoder") or ""))


def _epoch(entry: Mapping[str, Any]) -> EpochFigures:
    figures = {
        name: float(entry[name])
        for name in EpochFigures.__dataclass_fields__
        if name != "epoch" and entry.get(name) is not None
    }
    return EpochFigures(int(entry["epoch"]), **figures)


def read_trainings(run: RunFolder, encoders: Collection[str]) -> tuple[TrainingCurves, ...]:
    """Read the histories of the encoders that were trained in a run.

    Args:
        run: The run folder; it may also hold what an earlier pipeline trained.
        encoders: Names of the encoders that the products are embedded with; other trainings are left out.
    """
    found = []
    for artefact, (name, trained) in TRAININGS.items():
        if set(trained) <= set(encoders) and run.artefact_path(artefact).is_file():
            found.append(training_curves(name, cast("Mapping[str, Any]", run.read(artefact))))
    return tuple(curves for curves in found if curves is not None)


def training_files(run: RunFolder) -> list[Path]:
    """List the files that hold histories."""
    return [path for artefact in TRAININGS if (path := run.artefact_path(artefact)).is_file()]
