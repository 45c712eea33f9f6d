"""The stage `classify-labels`: candidates for several labels, and the chosen heads fitted on all labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.config import check_several_labels
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa

    from smartprod.classifiers.label_sets import HeldOutLabels, LabelData, LabelHead
    from smartprod.classifiers.label_sets.candidates import LabelEntry

_SHOWN = 5


@stage(
    "classify-labels",
    reads=["embedding_index", "split"],
    writes=["label_heads", "label_leaderboard"],
    config=["classifier", "catalog.category_separator", "run.seed", "run.threads"],
    libraries=["torch", "scikit-learn"],
    packages=["smartprod.embeddings", "smartprod.fusion", "smartprod.state"],
    check=check_several_labels,
)
def classify_labels(context: StageContext, embedding_index: pa.Table, split: pa.Table) -> dict[str, object]:
    """Compare classifiers with a sigmoid per label on held-out rows, and fit the chosen mixtures on all labelled rows."""
    from smartprod.classifiers.label_sets import LabelHeadSet, load_label_data, save_label_heads
    from smartprod.classifiers.label_sets.candidates import (
        compare_labels,
        label_representations,
        list_label_recipes,
        validate_label_candidates,
    )
    from smartprod.classifiers.label_sets.heads import save_held_out_labels
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import fitting_threads

    config = context.config
    store = EmbeddingStore(store_folder(config))
    data = load_label_data(embedding_index, split, store, separator=config.catalog.category_separator)
    fits = (
        len(data.learning.folds)
        * len(label_representations(data))
        * len(list_label_recipes(config.classifier))
    )
    with fitting_threads(data.learning.elements, available=context.threads):
        with context.progress(fits, "comparing candidates", unit="fits") as meter:
            candidates = validate_label_candidates(
                data, config=config.classifier, seed=context.seed, advance=lambda: meter.advance(1)
            )
        board = compare_labels(candidates, data)
        heads = _fit_heads(context, {head: entries[0] for head, entries in board.items()}, data)
    folder = context.folder("label_heads")
    save_label_heads(LabelHeadSet(data.tree, heads), folder)
    save_held_out_labels({head: _held_out(head, entries[0], data) for head, entries in board.items()}, folder)
    context.rows(len(data.learning.rows), len(data.learning.validated()))
    _tell(context, data, board)
    return {"label_heads": folder, "label_leaderboard": _document(board)}


def _fit_heads(
    context: StageContext, chosen: Mapping[str, LabelEntry], data: LabelData
) -> dict[str, LabelHead]:
    """Fit the members of every head on all learning rows, each candidate once."""
    from smartprod.classifiers.label_sets.candidates import HEAD_MODALITIES, fit_label_candidate
    from smartprod.classifiers.label_sets.heads import LabelHead, LabelMember

    candidates = {member.name: member for entry in chosen.values() for member in entry.members}
    fitted = {
        name: LabelMember(
            name,
            candidate.representation,
            fit_label_candidate(candidate, data, config=context.config.classifier, seed=context.seed),
        )
        for name, candidate in candidates.items()
    }
    return {
        head: LabelHead(head, HEAD_MODALITIES[head], tuple(fitted[member.name] for member in entry.members))
        for head, entry in chosen.items()
    }


def _held_out(head: str, entry: LabelEntry, data: LabelData) -> HeldOutLabels:
    from smartprod.classifiers.label_sets import HeldOutLabels
    from smartprod.classifiers.label_sets.candidates import HEAD_MODALITIES, answered_rows, mixture

    answered = answered_rows(entry.members, HEAD_MODALITIES[head], data)
    positions = data.learning.validated()[answered]
    return HeldOutLabels(
        data.learning.rows[positions],
        _fold_numbers(data)[positions],
        data.targets[positions],
        mixture(entry.members, answered, data),
    )


def _fold_numbers(data: LabelData) -> np.ndarray:
    """The number of the fold that holds each learning row out, -1 where none does, int64 [N]."""
    import numpy as np

    numbers = np.full(len(data.learning.rows), -1, dtype=np.int64)
    for number, fold in enumerate(data.learning.folds):
        numbers[fold.validation] = number
    return numbers


def _tell(context: StageContext, data: LabelData, board: Mapping[str, Sequence[LabelEntry]]) -> None:
    tree = data.tree
    folds = len(data.learning.folds)
    context.say(
        f"{len(data.learning.rows):,} rows, {tree.carried.sum():,} labels and {(~tree.carried).sum():,} categories above them; "
        f"validated on {len(data.learning.validated()):,} held-out rows"
        + (f" ({folds}-fold, grouped)" if folds > 1 else "")
    )
    context.say(f"  {'head':6} {'candidate':28} {'average precision':>17} {'seconds':>7}")
    for head, entries in board.items():
        for entry in entries[:_SHOWN]:
            mark = "*" if entry is entries[0] else " "
            context.say(
                f"{mark} {head:6} {entry.name:28} {entry.average_precision:17.4f} {entry.seconds:7.1f}"
            )
        context.metric(f"{head}_average_precision", entries[0].average_precision)


def _document(board: Mapping[str, Sequence[LabelEntry]]) -> list[dict[str, object]]:
    return [
        {
            "head": head,
            "name": entry.name,
            "average_precision": entry.average_precision,
            "seconds": round(entry.seconds, 3),
            "chosen": entry is entries[0],
            "members": [member.name for member in entry.members],
        }
        for head, entries in board.items()
        for entry in entries
    ]
