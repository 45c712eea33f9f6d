"""The story of training both encoders together: rows, photos, tokens, network, training, two saved encoders."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from smartprod.encoders import configure_offline, open_trainable_image, open_trainable_text
from smartprod.finetuning.adapters import adapters_of
from smartprod.finetuning.augmentation import training_view
from smartprod.finetuning.devices import training_device
from smartprod.finetuning.image_models import Normalisation
from smartprod.finetuning.image_training import readable_photos
from smartprod.finetuning.images import PhotoDecoder
from smartprod.finetuning.joint_batches import JointBatches, JointRows, JudgedRows
from smartprod.finetuning.joint_network import JointEncoder, JointObjective
from smartprod.finetuning.loop import TrainingTask
from smartprod.finetuning.network import FinetuneNetwork
from smartprod.finetuning.rows import choose_rows
from smartprod.finetuning.session import run_training, save_trained, torch_threads, training_document
from smartprod.finetuning.stage import training_key
from smartprod.finetuning.text_training import readable_texts
from smartprod.finetuning.texts import tokenise
from smartprod.fusion import seeded

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.encoders import TrainableImageModel, TrainableTextModel
    from smartprod.finetuning.adapters import Adapters
    from smartprod.finetuning.history import TrainingHistory
    from smartprod.finetuning.rows import LabelledRows, LearnedRows
    from smartprod.pipeline import StageContext


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """What is trained with.

    Attributes:
        rows: The rows and classes.
        paths: The photo of every row of the table; None where there is none.
        texts: The text of every row of the table; None where there is none.
        decoder: Open.
        image: The image encoder.
        text: The text encoder.
    """

    rows: LearnedRows
    paths: list[str | None]
    texts: list[str | None]
    decoder: PhotoDecoder
    image: TrainableImageModel
    text: TrainableTextModel

    @property
    def dims(self) -> tuple[int, int]:
        """Lengths of the two embeddings."""
        return self.image.dim, self.text.dim

    def chosen(self, rows: LabelledRows, *, max_tokens: int | None) -> JointRows:
        """Photos and texts of some rows."""
        positions = rows.rows.tolist()
        texts = [self.texts[row] for row in positions]
        return JointRows(
            tuple(self.paths[row] for row in positions),
            tokenise([text or "" for text in texts], self.text, max_tokens=max_tokens),
            np.array([text is not None for text in texts], bool),
            rows.labels,
            self.image.preprocessing.crop[0],
        )


def train_both_encoders(
    context: StageContext,
    products: pa.Table,
    clean_text: pa.Table,
    split: pa.Table,
    folders: tuple[Path, Path],
) -> dict[str, Any]:
    """Train the two encoders that the configuration names as one network, and save both.

    Args:
        context: Of the stage.
        products: The artefact of that name, like the next two.
        clean_text: See above.
        split: See above.
        folders: Where the image encoder and the text encoder are saved.

    Returns:
        The history of the training, as the artefact `joint_training`.
    """
    config = context.config
    settings = config.finetune
    configure_offline(config)
    image = open_trainable_image(str(settings.image.encoder), image_size=settings.image.image_size)
    text = open_trainable_text(str(settings.text.encoder))
    started = perf_counter()
    with (
        torch_threads(context.threads),
        PhotoDecoder(config, context.threads, image.preprocessing.min_side) as decoder,
    ):
        paths = readable_photos(context, products, split, decoder)
        texts = readable_texts(clean_text)
        usable = [path is not None or words is not None for path, words in zip(paths, texts, strict=True)]
        rows = choose_rows(split, usable, settings.image, where="finetune.joint")
        for line in rows.lines():
            context.say(line)
        history = _train(context, _Material(rows, paths, texts, decoder, image, text))
    save_trained(image, folders[0])
    save_trained(text, folders[1])
    context.rows(products.num_rows, len(rows.train))
    context.metric("seconds_of_training", round(perf_counter() - started, 1))
    document = training_document(settings.image, rows, history)
    return document | {"encoder": f"{settings.image.encoder} + {settings.text.encoder}"}


def _train(context: StageContext, material: _Material) -> TrainingHistory:
    settings = context.config.finetune
    with seeded(context.seed):
        network, adapters = _open_network(context, material)
        objective = JointObjective(settings, counts=material.rows.counts, dims=material.dims)
    preprocessing = material.image.preprocessing
    train = material.chosen(material.rows.train, max_tokens=settings.text.max_tokens)
    val = material.chosen(material.rows.val, max_tokens=settings.text.max_tokens)
    view = training_view(
        settings.image.augmentation,
        size=preprocessing.crop[0],
        interpolation=preprocessing.interpolation,
        prepare=preprocessing.apply,
    )
    judged = JudgedRows(val, 2 * settings.image.batch_size, material.decoder, preprocessing.apply)
    task = TrainingTask(
        network,
        objective,
        JointBatches(train, settings.image, material.decoder, view, context.seed),
        judged if len(material.rows.val) else None,
        settings.image,
        training_device(settings.image.precision),
        context.seed,
        context.parts_folder,
        key=training_key(context, material.paths),
    )
    history = run_training(context, task)
    for each in adapters:
        each.merge()
    return history


def _open_network(context: StageContext, material: _Material) -> tuple[FinetuneNetwork, list[Adapters]]:
    settings = context.config.finetune
    image_module = material.image.module
    if material.image.convolutional:
        image_module = image_module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    encoder = JointEncoder(
        image_module,
        material.text.module,
        prepare=Normalisation(material.image.preprocessing.mean, material.image.preprocessing.std),
        dims=material.dims,
        settings=settings,
    )
    network = FinetuneNetwork(
        encoder,
        dim=sum(material.dims),
        classes=len(material.rows.classes),
        hidden=settings.image.hidden,
        dropout=settings.image.dropout,
    )
    added = [
        adapters_of(encoder.image, settings.image, where="finetune.image"),
        adapters_of(encoder.text, settings.text, where="finetune.text"),
    ]
    return network, [each for each in added if each is not None]
