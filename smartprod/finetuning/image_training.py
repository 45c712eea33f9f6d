"""The story of training an image encoder: rows, photos, network, training, the saved encoder (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from smartprod.catalog import Status, status_column
from smartprod.encoders import configure_offline, open_trainable_image
from smartprod.finetuning.adapters import adapters_of
from smartprod.finetuning.augmentation import training_view
from smartprod.finetuning.backgrounds import training_backgrounds
from smartprod.finetuning.devices import training_device
from smartprod.finetuning.domain_adversarial import DomainObjective, PairedBatches
from smartprod.finetuning.head_tail import add_classes, divide_rows, tail_settings
from smartprod.finetuning.image_models import build_image_network
from smartprod.finetuning.images import PhotoBatches, PhotoDecoder, PhotoRows, Photos, count_problems
from smartprod.finetuning.loop import TrainingTask
from smartprod.finetuning.losses import ClassificationObjective
from smartprod.finetuning.mixing import training_mix
from smartprod.finetuning.network import copy_weights, mix_weights
from smartprod.finetuning.photo_sources import masks_of_photos, target_photos
from smartprod.finetuning.rows import choose_rows
from smartprod.finetuning.session import run_training, save_trained, torch_threads, training_document
from smartprod.finetuning.stage import training_key
from smartprod.fusion import seeded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config.finetuning import FinetuneImageConfig
    from smartprod.encoders import TrainableImageModel
    from smartprod.finetuning.batches import TrainingBatches
    from smartprod.finetuning.head_tail import Phases
    from smartprod.finetuning.history import TrainingHistory
    from smartprod.finetuning.losses import Objective
    from smartprod.finetuning.network import FinetuneNetwork
    from smartprod.finetuning.rows import LabelledRows, LearnedRows
    from smartprod.pipeline import StageContext

_WHERE = "finetune.image"


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """What is trained with.

    Attributes:
        rows: The rows and classes.
        paths: The main photo of every row of the table; None where there is none.
        decoder: Open.
        opened: The encoder.
        masks: Mask file of each photo, by its path, where the table names them.
        target: Photos of the domain that will be asked about; None: no matter.
    """

    rows: LearnedRows
    paths: list[str | None]
    decoder: PhotoDecoder
    opened: TrainableImageModel
    masks: Mapping[str, Path]
    target: Photos | None

    def photos(self, rows: LabelledRows) -> Photos:
        """The photos of some rows."""
        return Photos(tuple(str(self.paths[row]) for row in rows.rows), rows.labels)


def train_image_encoder(
    context: StageContext, products: pa.Table, split: pa.Table, folder: Path
) -> dict[str, Any]:
    """Train the encoder that the configuration names, and save it.

    Args:
        context: Of the stage.
        products: The artefact of that name, like the next one.
        split: See above.
        folder: Where the encoder is saved.

    Returns:
        The history of the training, as the artefact `image_training`.
    """
    config = context.config
    settings = config.finetune.image
    configure_offline(config)
    opened = open_trainable_image(str(settings.encoder), image_size=settings.image_size)
    before = copy_weights(opened.module) if settings.original_share else {}
    started = perf_counter()
    with (
        torch_threads(context.threads),
        PhotoDecoder(config, context.threads, opened.preprocessing.min_side) as decoder,
    ):
        paths = readable_photos(context, products, split, decoder)
        rows = choose_rows(split, [path is not None for path in paths], settings, where=_WHERE)
        for line in rows.lines():
            context.say(line)
        masks = masks_of_photos(products, settings.augmentation)
        adapts = settings.domain.method != "none"
        target = target_photos(context, products, split, decoder) if adapts else None
        history = _train(context, _Material(rows, paths, decoder, opened, masks, target))
    mix_weights(opened.module, before, share=settings.original_share)
    save_trained(opened, folder)
    context.rows(products.num_rows, len(rows.train))
    context.metric("seconds_of_training", round(perf_counter() - started, 1))
    return training_document(settings, rows, history)


def readable_photos(
    context: StageContext, products: pa.Table, split: pa.Table, decoder: PhotoDecoder
) -> list[str | None]:
    """Name the main photo of every labelled row; None where it cannot be used, with an account of why."""
    statuses = products[status_column("images")].to_pylist()
    parts = split["part"].to_pylist()
    paths: list[str | None] = [
        listed[0] if listed and statuses[row] == Status.OK and parts[row] in {"train", "val"} else None
        for row, listed in enumerate(products["images"].to_pylist())
    ]
    asked = sorted({path for path in paths if path is not None})
    with context.progress(len(asked), "looking at the photos", unit="photos") as meter:
        problems = decoder.find_problems(asked, meter.advance)
    if problems:
        left_out = sum(path in problems for path in paths if path is not None)
        context.say(f"{left_out:,} rows are left out because their photo cannot be used")
        for line in count_problems(list(problems.values())):
            context.say(line)
    context.metric("photos_left_out", len(problems))
    return [None if path in problems else path for path in paths]


def _train(context: StageContext, material: _Material) -> TrainingHistory:
    settings = context.config.finetune.image
    phases = (
        None if settings.head_classes is None else divide_rows(material.rows, settings, seed=context.seed)
    )
    classes = material.rows.classes if phases is None else phases.head.classes
    with seeded(context.seed):
        network = build_image_network(material.opened, settings, classes=len(classes))
        adapters = adapters_of(network.encoder, settings, where=_WHERE)
    if phases is None:
        history = run_training(context, _task(context, material, network, settings, context.parts_folder))
    else:
        history = _train_in_phases(context, material, network, phases)
    if adapters is not None:
        adapters.merge()
    return history


def _train_in_phases(
    context: StageContext, material: _Material, network: FinetuneNetwork, phases: Phases
) -> TrainingHistory:
    """Train on the head classes, then on all; each phase keeps its checkpoints in a folder of its own."""
    settings, folder = context.config.finetune.image, context.parts_folder
    for line in phases.lines():
        context.say(line)
    first = _task(context, replace(material, rows=phases.head), network, settings, folder / "head")
    history = run_training(context, first)
    second = replace(material, rows=phases.tail)
    add_classes(network, phases, _judging(second, phases.tail.train, settings), first.device)
    later = tail_settings(settings)
    return history.followed_by(run_training(context, _task(context, second, network, later, folder / "tail")))


def _task(
    context: StageContext,
    material: _Material,
    network: FinetuneNetwork,
    settings: FinetuneImageConfig,
    folder: Path,
) -> TrainingTask:
    opened = material.opened
    with seeded(context.seed):
        classification = ClassificationObjective(settings, counts=material.rows.counts, dim=opened.dim)
        objective: Objective = (
            classification
            if material.target is None
            else DomainObjective(classification, settings.domain, dim=opened.dim)
        )
    val = material.rows.val
    return TrainingTask(
        network,
        objective,
        _training_batches(context, material, settings),
        _judging(material, val, settings) if len(val) else None,
        settings,
        training_device(settings.precision),
        context.seed,
        folder,
        key=training_key(context, material.paths),
    )


def _judging(material: _Material, rows: LabelledRows, settings: FinetuneImageConfig) -> PhotoRows:
    """The photos of some rows as extraction will see them."""
    return PhotoRows(
        material.photos(rows),
        2 * settings.batch_size,
        material.decoder,
        material.opened.preprocessing.apply,
        channels_last=material.opened.convolutional,
    )


def _training_batches(
    context: StageContext, material: _Material, settings: FinetuneImageConfig
) -> TrainingBatches:
    """The training photos, each batch beside one of the target domain where there is one."""
    opened, changes = material.opened, settings.augmentation
    labelled = PhotoBatches(
        material.photos(material.rows.train),
        settings,
        material.decoder,
        training_view(
            changes,
            size=settings.training_size or opened.preprocessing.crop[0],
            interpolation=opened.preprocessing.interpolation,
            prepare=opened.preprocessing.apply,
        ),
        context.seed,
        channels_last=opened.convolutional,
        mix=training_mix(changes, classes=len(material.rows.classes)),
        before=training_backgrounds(changes, material.masks),
    )
    if material.target is None:
        return labelled
    return PairedBatches(labelled, replace(labelled, photos=material.target, mix=None, before=None))
