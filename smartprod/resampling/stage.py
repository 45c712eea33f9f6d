"""The `resample` stage: class balance of the training rows of every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import Arrays, StageContext, stage

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa


@stage(
    "resample",
    reads=["embedding_index", "split", "representations"],
    writes=["training_rows"],
    config=["resample", "run.seed"],
    libraries=["imbalanced-learn", "scikit-learn"],
    packages=["smartprod.embeddings", "smartprod.fusion", "smartprod.state"],
)
def resample(
    context: StageContext, embedding_index: pa.Table, split: pa.Table, representations: Path
) -> dict[str, object]:
    """Balance the classes of the training rows; validation and test rows are never touched."""
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import FINAL_FOLD, load_learning_data, load_representations
    from smartprod.resampling.resample import SELECTING, single_row_classes
    from smartprod.resampling.training_rows import resample_fold, training_set, usable_rows

    data = load_learning_data(embedding_index, split, EmbeddingStore(store_folder(context.config)))
    config = context.config.resample
    arrays: dict[str, np.ndarray] = {}
    for fold in (*data.folds, data.final()):
        fitted = load_representations(representations, fold.name)
        arrays |= resample_fold(data, fold, fitted, config=config, seed=context.seed)
    context.rows(len(data.rows), len(data.rows))
    context.say(f"method {config.method}: {len(data.rows)} training rows, {_per_class(data.labels)}")
    if config.method != "none":
        for representation in fitted.values():
            before = usable_rows(data, data.final().train, representation)
            after = training_set(arrays, data, FINAL_FOLD, representation)
            context.say(
                f"  {representation.name:7} {len(before)} rows, {_per_class(data.labels[before])} "
                f"-> {len(after.labels)} rows, {_per_class(after.labels)}"
            )
            alone = single_row_classes(data.labels[before])
            if alone and config.method not in SELECTING:
                context.say(f"  {'':7} {alone} classes have a single row, no neighbour, and stay as they are")
    return {"training_rows": Arrays(arrays)}


def _per_class(labels: np.ndarray) -> str:
    import numpy as np

    counts = np.unique(labels, return_counts=True)[1]
    return f"{counts.min()} to {counts.max()} per class"
