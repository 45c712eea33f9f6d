"""Save a model: heads, decision, encoders and configuration in one folder that verifies itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod._version import __version__
from smartprod.classifiers import save_heads
from smartprod.decision import save_decision
from smartprod.model.card import CARD_FILE, model_card
from smartprod.model.own_encoders import copy_encoders
from smartprod.model.record import ModelRecord, write_record
from smartprod.model.reference import ReferenceRows, save_reference
from smartprod.model.shown_products import save_shown
from smartprod.model.training_products import kept_products, products_section
from smartprod.model.verification import write_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smartprod.config import Config
    from smartprod.decision import Decider
    from smartprod.embeddings import EncoderRecord
    from smartprod.model.card import TrainingFigures

HEADS_FOLDER = "heads"
DECISION_FOLDER = "decision"
LABELS_FOLDER = "labels"


def save_model(
    folder: Path,
    *,
    decider: Decider,
    encoders: Sequence[EncoderRecord],
    config: Config,
    figures: TrainingFigures,
    reference: ReferenceRows | None = None,
) -> ModelRecord:
    """Write a model folder.

    Args:
        folder: An empty folder, or one to create.
        decider: Heads, classes and thresholds.
        encoders: What the heads' products were embedded with.
        config: The configuration in force.
        figures: What the model card tells about the training.
        reference: Held-out products to keep; without them the classes cannot be changed later.

    Returns:
        What was written as `model.yaml`.
    """
    for name in (HEADS_FOLDER, DECISION_FOLDER):
        (folder / name).mkdir(parents=True)
    save_heads(decider.head_set, folder / HEADS_FOLDER)
    save_decision(decider, folder / DECISION_FOLDER)
    if reference is not None:
        save_reference(reference, folder)
        if reference.shown is not None:
            save_shown(reference.shown, folder)
    record = new_record(config, encoders, classes=len(decider.classes))
    products = products_section(kept_products(folder), decider)
    seal_model(folder, record, model_card(record, decider.settings, figures, products=products))
    return record


def new_record(config: Config, encoders: Sequence[EncoderRecord], *, classes: int) -> ModelRecord:
    """Describe a model that is saved now."""
    return ModelRecord(
        smartprod=__version__,
        run=config.run.name,
        classes=classes,
        encoders=tuple(encoders),
        config=config,
    )


def seal_model(folder: Path, record: ModelRecord, card: str) -> None:
    """Write `model.yaml`, the card and the encoders that travel along beside what was learned, and the manifest over everything."""
    copy_encoders(record.config, folder)
    write_record(record, folder)
    (folder / CARD_FILE).write_text(card, encoding="utf-8", newline="\n")
    write_manifest(folder)
    _allow_reading(folder)


def _allow_reading(folder: Path) -> None:
    """Give every file the permissions of an ordinary new one: safetensors makes its files private to the user."""
    ordinary = (folder / CARD_FILE).stat().st_mode
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(ordinary)
