"""A model folder in a few lines: its heads, classes, encoders and size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.decision import AddedClass, Decider
from smartprod.model.card import CARD_FILE, read_scores
from smartprod.model.loading import load_model
from smartprod.model.training_products import told_products

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.model.loading import SavedModel


def describe_model(folder: Path) -> Iterator[str]:
    """Verify a model and tell what it is, line by line.

    Raises:
        ModelError: The folder is missing, damaged or altered.
    """
    model = load_model(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    yield f"model {model.record.run}, saved by smartprod {model.record.smartprod}; verified"
    yield f"identity  {model.identity}"
    yield f"size      {len(files)} files, {size / 1e6:,.1f} MB"
    for encoder in model.record.encoders:
        yield f"encoder   {encoder.name} ({encoder.modality}, {encoder.dim} numbers, weights {encoder.weights_hash[:16]})"
    if isinstance(model.decider, Decider):
        yield from _decider_lines(model.decider)
        yield f"products  of the training: {told_products(folder)}"
    yield from _scores(folder)
    yield f"classes   {len(model.classes):,}"
    yield from _class_lines(model)


def _decider_lines(decider: Decider) -> Iterator[str]:
    for head in decider.head_set.heads.values():
        members = ", ".join(f"{member.weight:.0%} {member.name}" for member in head.members)
        yield f"head      {head.name}: {members}"
    settings = decider.settings
    yield f"mode      {settings.mode}, answers from {settings.accept:.3f} accepted, open set {settings.open_set}"


def _scores(folder: Path) -> Iterator[str]:
    """The score table of the model card."""
    for each in read_scores((folder / CARD_FILE).read_text(encoding="utf-8")):
        yield (
            f"score     {each.head} head on {each.rows:,} {each.part} rows: accuracy {each.accuracy:.3f}, "
            f"macro-F1 {each.macro_f1:.3f}"
        )


def _class_lines(model: SavedModel) -> Iterator[str]:
    from smartprod.model.class_changes import count_reference

    counts = count_reference(model)
    added: set[str] = set()
    if isinstance(model.decider, Decider):
        added = {edit.classes[-1] for edit in model.decider.edits if isinstance(edit, AddedClass)}
    width = max(len(name) for name in model.classes)
    for number, name in enumerate(model.classes):
        note = (
            "added from examples"
            if name in added
            else ""
            if counts is None
            else f"{counts[number]:,} reference rows"
        )
        yield f"  {name:<{width}}  {note}".rstrip()
