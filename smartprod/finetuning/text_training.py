"""The story of training a text encoder: rows, tokens, network, training, the saved encoder (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from smartprod.catalog import Status, status_column
from smartprod.encoders import configure_offline, open_trainable_text
from smartprod.finetuning.adapters import adapters_of
from smartprod.finetuning.devices import training_device
from smartprod.finetuning.loop import TrainingTask
from smartprod.finetuning.losses import ClassificationObjective
from smartprod.finetuning.rows import choose_rows
from smartprod.finetuning.session import run_training, save_trained, torch_threads, training_document
from smartprod.finetuning.stage import training_key
from smartprod.finetuning.text_models import build_text_network
from smartprod.finetuning.texts import TextBatches, TextRows, TokenisedTexts, tokenise
from smartprod.fusion import seeded

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config.finetuning import FinetuneTextConfig
    from smartprod.encoders import TrainableTextModel
    from smartprod.finetuning.history import TrainingHistory
    from smartprod.finetuning.rows import LabelledRows, LearnedRows
    from smartprod.pipeline import StageContext

_WHERE = "finetune.text"


@dataclass(frozen=True, slots=True, eq=False)
class TextMaterial:
    """What a text encoder is trained with.

    Attributes:
        rows: The rows and classes.
        texts: The clean text of every row of the table; None where there is none.
        opened: The encoder.
        settings: How it is trained.
    """

    rows: LearnedRows
    texts: list[str | None]
    opened: TrainableTextModel
    settings: FinetuneTextConfig

    def tokens(self, rows: LabelledRows) -> TokenisedTexts:
        """The tokens of some rows."""
        texts = [self.texts[row] or "" for row in rows.rows.tolist()]
        return tokenise(texts, self.opened, max_tokens=self.settings.max_tokens)


def train_text_encoder(
    context: StageContext, clean_text: pa.Table, split: pa.Table, folder: Path
) -> dict[str, Any]:
    """Train the encoder that the configuration names, and save it.

    Args:
        context: Of the stage.
        clean_text: The artefact of that name, like the next one.
        split: See above.
        folder: Where the encoder is saved.

    Returns:
        The history of the training, as the artefact `text_training`.
    """
    settings = context.config.finetune.text
    configure_offline(context.config)
    opened = open_trainable_text(str(settings.encoder))
    texts = readable_texts(clean_text)
    rows = choose_rows(split, [text is not None for text in texts], settings, where=_WHERE)
    for line in rows.lines():
        context.say(line)
    started = perf_counter()
    with torch_threads(context.threads):
        history = _train(context, TextMaterial(rows, texts, opened, settings))
    save_trained(opened, folder)
    context.rows(clean_text.num_rows, len(rows.train))
    context.metric("seconds_of_training", round(perf_counter() - started, 1))
    return training_document(settings, rows, history)


def readable_texts(clean_text: pa.Table) -> list[str | None]:
    """The text of every row; None where there is none."""
    statuses = clean_text[status_column("text")].to_pylist()
    return [
        text if text and statuses[row] == Status.OK else None
        for row, text in enumerate(clean_text["text"].to_pylist())
    ]


def _train(context: StageContext, material: TextMaterial) -> TrainingHistory:
    settings = material.settings
    with seeded(context.seed):
        network = build_text_network(material.opened, settings, classes=len(material.rows.classes))
        adapters = adapters_of(network.encoder, settings, where=_WHERE)
        objective = ClassificationObjective(settings, counts=material.rows.counts, dim=material.opened.dim)
    batches = TextBatches(
        material.tokens(material.rows.train), material.rows.train.labels, settings, context.seed
    )
    judged = TextRows(material.tokens(material.rows.val), material.rows.val.labels, 2 * settings.batch_size)
    task = TrainingTask(
        network,
        objective,
        batches,
        judged if len(material.rows.val) else None,
        settings,
        training_device(settings.precision),
        context.seed,
        context.parts_folder,
        key=training_key(context),
    )
    history = run_training(context, task)
    if adapters is not None:
        adapters.merge()
    return history
