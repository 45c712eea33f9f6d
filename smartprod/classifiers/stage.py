"""The `classify` stage: candidates, the leaderboard, and the chosen heads fitted on all labelled rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartprod.classifiers.standings import Standing, skipped_lines, standings_table
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from smartprod.classifiers.budget import Budget
    from smartprod.fusion import LearningData


@stage(
    "classify",
    reads=["embedding_index", "split", "representations", "training_rows"],
    writes=["heads", "leaderboard"],
    config=["classifier", "fuse.candidates", "catalog.category_separator", "run.seed", "run.threads"],
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
    from smartprod.classifiers.budget import Budget
    from smartprod.classifiers.candidates import Comparison, validate_candidates
    from smartprod.classifiers.head import save_heads
    from smartprod.classifiers.heads import fit_head_set, save_validation
    from smartprod.classifiers.leaderboard import choose_heads, compare
    from smartprod.classifiers.standings import list_standings, standings_document
    from smartprod.classifiers.two_level import coarse_classes
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import (
        alignment_request,
        fitting_workers,
        load_learning_data,
    )

    config = context.config.classifier
    store = EmbeddingStore(store_folder(context.config))
    alignment = alignment_request(context.config)
    data = load_learning_data(embedding_index, split, store, alignment=alignment)
    separator = context.config.catalog.category_separator
    data = replace(
        data, coarse=coarse_classes(data.classes, separator=separator, level=config.two_level.level)
    )
    comparison = Comparison(data, representations, training_rows, config, context.seed)
    budget = Budget(config.time_limit)
    with fitting_workers(data, available=context.threads) as workers:
        with context.progress(comparison.fits(), "comparing candidates", unit="fits") as meter:
            candidates = validate_candidates(
                comparison, workers=workers, budget=budget, advance=lambda: meter.advance(1)
            )
        with_stack = "stack" in context.config.fuse.candidates
        board = compare(candidates, data, metric=config.metric, with_stack=with_stack)
        chosen = choose_heads(board, metric=config.metric, seed=context.seed)
        head_set = fit_head_set(chosen, comparison, workers=workers)
    folder = context.folder("heads")
    save_heads(head_set, folder)
    save_validation(chosen, data, folder)
    context.rows(len(data.rows), len(data.validated()))
    standings = list_standings(board, chosen, metric=config.metric, seed=context.seed)
    _tell(context, data, standings, budget)
    return {"heads": folder, "leaderboard": standings_document(standings, budget.skipped)}


def _tell(context: StageContext, data: LearningData, standings: Sequence[Standing], budget: Budget) -> None:
    folds = len(data.folds)
    metric = context.config.classifier.metric
    context.say(
        f"validated on {len(data.validated())} held-out rows"
        + (f" ({folds}-fold, grouped)" if folds > 1 else "")
        + f"; best by {metric}, ± its standard error"
    )
    for line in (*standings_table(standings, metric=metric), *skipped_lines(budget.skipped)):
        context.say(line)
    for standing in standings:
        if standing.chosen:
            context.metric(f"{standing.entry.head}_macro_f1", standing.entry.macro_f1)
            context.metric(f"{standing.entry.head}_accuracy", standing.entry.accuracy)
