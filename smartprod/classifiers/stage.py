"""The `classify` stage: candidates, the leaderboard, and the chosen heads fitted on all labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from smartprod.classifiers.leaderboard import HeadName, LeaderboardEntry
    from smartprod.fusion import LearningData

_SHOWN = 6


@stage(
    "classify",
    reads=["embedding_index", "split", "representations", "training_rows"],
    writes=["heads", "leaderboard"],
    config=["classifier", "fuse.candidates", "run.seed", "run.threads"],
    libraries=["torch", "scikit-learn", "lightgbm", "scipy"],
    packages=["smartprod.embeddings", "smartprod.fusion", "smartprod.resampling", "smartprod.state"],
)
def classify(
    context: StageContext,
    embedding_index: pa.Table,
    split: pa.Table,
    representations: Path,
    training_rows: Mapping[str, np.ndarray],
) -> dict[str, object]:
    """Compare candidate classifiers on held-out rows, and fit the chosen heads on all labelled rows."""
    from smartprod.classifiers.candidates import validate_candidates
    from smartprod.classifiers.head import save_heads
    from smartprod.classifiers.heads import fit_head_set, save_validation
    from smartprod.classifiers.leaderboard import choose_heads, compare
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import fitting_threads, load_learning_data, load_representations

    config = context.config.classifier
    data = load_learning_data(embedding_index, split, EmbeddingStore(store_folder(context.config)))
    final = load_representations(representations)
    with (
        fitting_threads(data.elements, available=context.threads) as threads,
        context.progress(len(data.folds) * len(final), "comparing candidates", unit="fits") as meter,
    ):
        candidates = validate_candidates(
            data,
            representations,
            training_rows,
            config=config,
            seed=context.seed,
            threads=threads,
            advance=lambda: meter.advance(1),
        )
    with_stack = "stack" in context.config.fuse.candidates
    board = compare(candidates, data, metric=config.metric, with_stack=with_stack, seed=context.seed)
    chosen = choose_heads(board, metric=config.metric, seed=context.seed)
    with fitting_threads(data.elements, available=context.threads) as threads:
        head_set = fit_head_set(
            chosen, final, data, training_rows, config=config, seed=context.seed, threads=threads
        )
    folder = context.folder("heads")
    save_heads(head_set, folder)
    save_validation(chosen, data, folder)
    context.rows(len(data.rows), len(data.validated()))
    entries = {head: _with_chosen(each, chosen[head]) for head, each in board.items()}
    _tell(context, data, entries, chosen)
    return {"heads": folder, "leaderboard": _document(entries, chosen)}


def _with_chosen(entries: Sequence[LeaderboardEntry], chosen: LeaderboardEntry) -> list[LeaderboardEntry]:
    """The entries of a head with the chosen one among them, also where it was mixed from two of them."""
    return list(entries) if any(entry is chosen for entry in entries) else [chosen, *entries]


def _tell(
    context: StageContext,
    data: LearningData,
    entries: Mapping[HeadName, Sequence[LeaderboardEntry]],
    chosen: Mapping[HeadName, LeaderboardEntry],
) -> None:
    folds = len(data.folds)
    context.say(
        f"validated on {len(data.validated())} held-out rows"
        + (f" ({folds}-fold, grouped)" if folds > 1 else "")
        + f"; best by {context.config.classifier.metric}"
    )
    context.say(
        f"  {'head':6} {'candidate':28} {'accuracy':>8} {'macro-F1':>8} {'log-loss':>8} {'seconds':>7}"
    )
    for head, each in entries.items():
        for entry in [chosen[head], *(entry for entry in each if entry is not chosen[head])][:_SHOWN]:
            mark = "*" if entry is chosen[head] else " "
            context.say(
                f"{mark} {head:6} {entry.name:28} {entry.accuracy:8.4f} {entry.macro_f1:8.4f} "
                f"{entry.log_loss:8.4f} {entry.seconds:7.1f}"
            )
        if len(each) > _SHOWN:
            context.say(f"  {head:6} ... {len(each) - _SHOWN} more in leaderboard.json")
        context.metric(f"{head}_macro_f1", chosen[head].macro_f1)
        context.metric(f"{head}_accuracy", chosen[head].accuracy)


def _document(
    entries: Mapping[HeadName, Sequence[LeaderboardEntry]], chosen: Mapping[HeadName, LeaderboardEntry]
) -> list[dict[str, object]]:
    return [
        {
            "head": head,
            "name": entry.name,
            "rows": len(entry.rows),
            "accuracy": entry.accuracy,
            "macro_f1": entry.macro_f1,
            "log_loss": entry.log_loss,
            "seconds": round(entry.seconds, 3),
            "chosen": entry is chosen[head],
            "members": [
                {"name": member.candidate.name, "weight": member.weight, "temperature": member.temperature}
                for member in entry.members
            ],
        }
        for head, each in entries.items()
        for entry in each
    ]
