"""What happened in a training, epoch by epoch: the content of `image_training` and `text_training`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: From 1.
        frozen: Whether only the classifier learned.
        learning_rate: Of the encoder's last layer, at the epoch's end.
        train_loss: Mean over its batches.
        val_loss: Mean cross-entropy over the val rows; None without them, like the next two.
        val_accuracy: Of the val rows.
        val_macro_f1: Of the val rows.
        val_weighted_f1: The same, each class weighted by its rows.
    """

    epoch: int
    frozen: bool
    learning_rate: float
    train_loss: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    val_macro_f1: float | None = None
    val_weighted_f1: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingHistory:
    """A whole training.

    Attributes:
        epochs: In order.
        best_epoch: After which the kept weights stood, from 1.
        update_losses: Mean loss of each update of the weights.
    """

    epochs: tuple[EpochRecord, ...]
    best_epoch: int
    update_losses: tuple[float, ...]

    def followed_by(self, later: TrainingHistory) -> TrainingHistory:
        """This training and one that went on from its weights, as one; kept is what the later one kept."""
        done = len(self.epochs)
        moved = tuple(replace(record, epoch=done + record.epoch) for record in later.epochs)
        losses = (*self.update_losses, *later.update_losses)
        return TrainingHistory((*self.epochs, *moved), done + later.best_epoch, losses)

    def document(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Tell the best epoch, and how many there were."""
        if not self.epochs:
            return ["no epoch was trained"]
        best = self.epochs[self.best_epoch - 1]
        scores = (
            f", val accuracy {best.val_accuracy:.3f}, macro-F1 {best.val_macro_f1:.3f}"
            if best.val_accuracy is not None and best.val_macro_f1 is not None
            else ""
        )
        return [
            f"{len(self.epochs)} epochs; kept: epoch {best.epoch}, training loss {best.train_loss:.3f}{scores}"
        ]
