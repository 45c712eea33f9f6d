"""What every stage does around a training: it goes on where it stopped, shows its progress, and tells of each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from smartprod.embeddings import save_encoder_kind
from smartprod.encoders import use_torch_threads
from smartprod.finetuning.loop import Listeners, has_checkpoint, train
from smartprod.finetuning.trackers import TRACKERS_FOLDER, TrackedTraining, open_trackers

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.encoders import TrainableImageModel, TrainableTextModel
    from smartprod.finetuning.history import EpochRecord, TrainingHistory
    from smartprod.finetuning.loop import TrainingTask
    from smartprod.finetuning.rows import LearnedRows
    from smartprod.pipeline import StageContext


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Let torch use so many threads inside the block."""
    before = torch.get_num_threads()
    use_torch_threads(threads)
    try:
        yield
    finally:
        use_torch_threads(before)


def save_trained(opened: TrainableImageModel | TrainableTextModel, folder: Path) -> None:
    """Save a trained encoder, and beside it which library opens it."""
    opened.save(folder)
    save_encoder_kind(folder, opened.kind)


def run_training(context: StageContext, task: TrainingTask) -> TrainingHistory:
    """Train as `train` does; steps go to the progress bar, epochs to the console and to the trackers asked for."""
    if has_checkpoint(task.folder):
        context.console.line("going on from the last checkpoint (--fresh starts over)")
    # A stage that trains in phases gives each a folder of its own.
    phase = "" if task.folder == context.parts_folder else f"-{task.folder.name}"
    tracked = TrackedTraining(
        run=context.config.run.name,
        stage=context.stage + phase,
        key=task.key + phase,
        folder=context.run.root / TRACKERS_FOLDER,
        settings=task.config.model_dump(mode="json"),
    )
    steps = task.config.epochs * task.batches.steps
    with (
        open_trackers(context.config.finetune.trackers, tracked) as track,
        context.progress(steps, "training", unit="steps") as meter,
    ):

        def tell(record: EpochRecord) -> None:
            context.console.line(epoch_line(record))
            track(record)

        history = train(task, Listeners(step=lambda: meter.advance(1), epoch=tell))
    for line in history.lines():
        context.say(line)
    return history


def epoch_line(record: EpochRecord) -> str:
    """Tell of an epoch in one line."""
    scores = (
        f", val loss {record.val_loss:.3f}, accuracy {record.val_accuracy:.3f}, macro-F1 {record.val_macro_f1:.3f}"
        if record.val_loss is not None
        else ""
    )
    return f"epoch {record.epoch}: training loss {record.train_loss:.3f}{scores}"


def training_document(
    settings: FinetuneTrainingConfig, rows: LearnedRows, history: TrainingHistory
) -> dict[str, Any]:
    """Write a training down as plain values, for the artefacts `image_training` and `text_training`."""
    return {
        "encoder": settings.encoder,
        "classes": len(rows.classes),
        "rows": {"train": len(rows.train), "val": len(rows.val)},
        "settings": settings.model_dump(mode="json"),
        **history.document(),
    }
