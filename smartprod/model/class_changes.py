"""Change the classes of a saved model without training it again: add one from examples, merge some."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod.decision import (
    AddedClass,
    Decider,
    HeadAnswers,
    MergedClasses,
    NoCalibration,
    combine,
    learn_newcomer,
    open_set_embedding,
    save_decision,
)
from smartprod.errors import ModelError, UsageError
from smartprod.model.card import CARD_FILE
from smartprod.model.loading import SavedModel, load_model
from smartprod.model.record import write_record
from smartprod.model.reference import Reference, load_reference
from smartprod.model.saving import DECISION_FOLDER
from smartprod.model.verification import write_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.decision import ClassEdit, CombinedAnswers
    from smartprod.fusion import ProductEmbeddings

_MOST_EXAMPLES = 200
_CARD_HEADING = "## Changes since the training"


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What became of a model.

    Attributes:
        folder: Where the changed model lies.
        told: What was done, in one sentence; it stands in the model card.
        classes: Number of classes after it.
        heads: Heads that can tell the classes.
        before, after: Accuracy on reference rows (held out of the training) before and after; NaN without.
        reference_rows: How many those are.
        recall: Of examples left out one at a time, the share answered with the new class; NaN where not measured.
        known: Of those, the share that open-set rejection lets through; NaN where not measured.
    """

    folder: Path
    told: str
    classes: int
    heads: tuple[str, ...]
    before: float
    after: float
    reference_rows: int
    recall: float = nan
    known: float = nan

    def lines(self) -> list[str]:
        """The account as printable lines."""
        found = [self.told, f"  {self.classes:,} classes; heads {', '.join(self.heads)}"]
        if self.reference_rows:
            found.append(
                f"  accuracy on {self.reference_rows:,} held-out rows of the training: {self.before:.1%} before, "
                f"{self.after:.1%} after"
            )
        if not np.isnan(self.recall):
            found.append(
                f"  examples left out one at a time: {self.recall:.0%} answered with the new class, "
                f"{self.known:.0%} taken for known products"
            )
        return [*found, f"  {self.folder}"]


def add_class(
    folder: Path, name: str, examples: ProductEmbeddings, *, out: Path | None, seed: int = 0
) -> ClassChange:
    """Add a class from a handful of examples.

    Args:
        folder: The model folder.
        name: Path of the new class.
        examples: Embeddings of 1 to 200 products of it, by the model's encoders.
        out: The folder to write; None changes the model in place.
        seed: Of what is drawn to learn how sure to be.

    Raises:
        UsageError: The class is there already (SP721), there are no usable examples or too many (SP722), or the output
            exists (SP724).
        ModelError: The model keeps no reference rows (SP723), or gives products several labels (SP725).
    """
    model, decider, reference = _open(folder, out)
    if name in decider.classes or not name.strip():
        raise UsageError(
            "SP721", f"the model has the class `{name}` already", where="--class", fix="name a new class"
        )
    usable = examples.image.present | examples.text.present
    if not 1 <= int(usable.sum()) <= _MOST_EXAMPLES:
        raise UsageError(
            "SP722",
            f"{int(usable.sum())} of {len(usable)} examples have a readable photo or text; 1 to {_MOST_EXAMPLES} are needed",
            where="--examples",
            fix="give a table with some products of the new class in the columns of the training table",
        )
    edit = _added(decider, name, examples, reference, seed=seed)
    changed = replace(decider, edits=(*decider.edits, edit))
    recall, known = _leave_one_out(decider, name, examples, reference, seed=seed)
    told = f"Class `{name}` added from {int(usable.sum())} examples."
    return _finish(
        model,
        changed,
        told,
        reference,
        out,
        heads=tuple(edit.newcomers),
        recall=recall,
        known=known,
    )


def merge_classes(folder: Path, names: Sequence[str], into: str, *, out: Path | None) -> ClassChange:
    """Merge classes into one, whose probability is their sum.

    Args:
        folder: The model folder.
        names: Paths of the classes to merge, two or more; `into` may be among them.
        into: Path of the class that they become.
        out: The folder to write; None changes the model in place.

    Raises:
        UsageError: A class is unknown, or `into` is a class that is not merged (SP726), or the output exists (SP724).
    """
    model, decider, reference = _open(folder, out)
    unknown = [name for name in names if name not in decider.classes]
    chosen = list(dict.fromkeys(names))
    if unknown or len(chosen) < 2 or (into in decider.classes and into not in chosen):
        what = (
            f"the model has no class `{unknown[0]}`"
            if unknown
            else "there are fewer than two classes to merge"
            if len(chosen) < 2
            else f"`{into}` is another class of the model"
        )
        raise UsageError(
            "SP726",
            what,
            where="--classes",
            fix="`smartprod model show MODEL` lists the classes; name all that are to become one",
        )
    kept = [name for name in decider.classes if name not in chosen[1:]]
    classes = tuple(into if name == chosen[0] else name for name in kept)
    target = np.asarray([classes.index(into if name in chosen else name) for name in decider.classes])
    changed = replace(decider, edits=(*decider.edits, MergedClasses(classes, target.astype(np.int64))))
    told = f"Classes {', '.join(f'`{name}`' for name in chosen)} merged into `{into}`."
    return _finish(model, changed, told, reference, out, heads=tuple(decider.head_set.heads))


def _open(folder: Path, out: Path | None) -> tuple[SavedModel, Decider, Reference]:
    model = load_model(folder)
    if not isinstance(model.decider, Decider):
        raise ModelError(
            "SP725",
            "the classes of a model that gives products several labels cannot be changed",
            where=str(folder),
            fix="train again with the classes you want",
        )
    if out is not None and out.exists():
        raise UsageError(
            "SP724", "the output exists already", where=str(out), fix="name a new folder, or give --in-place"
        )
    reference = load_reference(folder)
    if reference is None:
        raise ModelError(
            "SP723",
            "the model keeps no reference rows to measure a change by",
            where=str(folder),
            fix="export the run again with export.reference=embeddings (or full)",
        )
    return model, model.decider, reference


def _added(
    decider: Decider, name: str, examples: ProductEmbeddings, reference: Reference, *, seed: int
) -> AddedClass:
    newcomers = {}
    labels = labels_now(decider, reference)
    for head in decider.head_set.heads.values():
        shown, known = examples.having(head.modalities), reference.products.having(head.modalities)
        newcomer = learn_newcomer(
            open_set_embedding(reference.products.take(known), head.name),
            labels[known],
            open_set_embedding(examples.take(shown), head.name),
            seed=seed,
        )
        if newcomer is not None:
            newcomers[head.name] = newcomer
    return AddedClass((*decider.classes, name), newcomers)


def _leave_one_out(
    decider: Decider, name: str, examples: ProductEmbeddings, reference: Reference, *, seed: int
) -> tuple[float, float]:
    """Answer for each example by a model that was shown the others only: recall, and share taken for known."""
    usable = np.flatnonzero(examples.image.present | examples.text.present)
    if not 2 <= len(usable) <= 20:
        return nan, nan
    right, known = [], []
    for left_out in usable.tolist():
        others = examples.take(usable[usable != left_out])
        edit = _added(decider, name, others, reference, seed=seed)
        answer = replace(decider, edits=(*decider.edits, edit)).decide(examples.take(np.asarray([left_out])))
        right.append(bool(np.nan_to_num(answer.probabilities[0], nan=-1).argmax() == len(decider.classes)))
        known.append(answer.decision[0] != "other")
    return float(np.mean(right)), float(np.mean(known))


def _finish(
    model: SavedModel,
    changed: Decider,
    told: str,
    reference: Reference,
    out: Path | None,
    *,
    heads: tuple[str, ...],
    recall: float = nan,
    known: float = nan,
) -> ClassChange:
    assert isinstance(model.decider, Decider)
    before, after = _accuracy(model.decider, reference), _accuracy(changed, reference)
    change = ClassChange(
        out or model.folder,
        told,
        len(changed.classes),
        heads,
        before,
        after,
        len(reference.labels),
        recall,
        known,
    )
    _write(model, changed, change)
    return change


def _write(model: SavedModel, changed: Decider, change: ClassChange) -> None:
    """Write the changed model beside the place and rename it there; the old one stays until the new one is whole."""
    temporary = change.folder.with_name(f".{change.folder.name}.changing")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(model.folder, temporary)
    shutil.rmtree(temporary / DECISION_FOLDER)
    save_decision(changed, temporary / DECISION_FOLDER)
    write_record(replace(model.record, classes=len(changed.classes)), temporary)
    _add_to_card(temporary / CARD_FILE, change)
    write_manifest(temporary)
    if change.folder.exists():
        replaced = change.folder.with_name(f".{change.folder.name}.replaced")
        shutil.rmtree(replaced, ignore_errors=True)
        change.folder.replace(replaced)
        temporary.replace(change.folder)
        shutil.rmtree(replaced)
    else:
        temporary.replace(change.folder)


def _add_to_card(card: Path, change: ClassChange) -> None:
    text = card.read_text(encoding="utf-8").rstrip("\n")
    measured = " ".join(line.strip() + "." for line in change.lines()[2:-1])
    heading = (
        "" if _CARD_HEADING in text else f"\n\n{_CARD_HEADING}\n\nFigures above are those of the training.\n"
    )
    card.write_text(f"{text}{heading}\n- {change.told} {measured}\n", encoding="utf-8", newline="\n")


def labels_now(decider: Decider, reference: Reference) -> np.ndarray:
    """Class indices of the reference rows after the changes made so far, int64 [M]."""
    labels = reference.labels
    for edit in decider.edits:
        if isinstance(edit, MergedClasses):
            labels = edit.target[labels]
    return np.asarray(labels, dtype=np.int64)


def count_reference(model: SavedModel) -> np.ndarray | None:
    """Count the reference rows of each class as it is now, int64 [C]; None where the model keeps none."""
    reference = load_reference(model.folder)
    if reference is None or not isinstance(model.decider, Decider):
        return None
    return np.bincount(labels_now(model.decider, reference), minlength=len(model.classes))


def _accuracy(decider: Decider, reference: Reference) -> float:
    """Accuracy on the reference rows, from what the heads said when they had not seen them."""
    combined = _held_out_answers(decider, reference)
    right = np.nan_to_num(combined.probabilities, nan=-1).argmax(axis=1) == labels_now(decider, reference)
    return float((right & combined.answered).mean())


def _held_out_answers(decider: Decider, reference: Reference) -> CombinedAnswers:
    answers = {}
    for name, each in reference.answers.items():
        asked = reference.products.take(each.positions)
        probabilities = np.exp(decider.calibrators.get(name, NoCalibration()).apply(each.probabilities))
        edits: tuple[ClassEdit, ...] = decider.edits
        for edit in edits:
            probabilities = edit.apply(name, probabilities, asked)
        answers[name] = HeadAnswers(each.positions, probabilities)
    settings = decider.settings
    return combine(answers, len(reference.labels), mode="fused", cheapest=settings.cheapest, ask_next=0.0)
