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
)
def resample(
    context: StageContext, embedding_index: pa.Table, split: pa.Table, representations: Path
) -> dict[str, object]:
    """Balance the classes of the training rows; validation and test rows are never touched."""
    import numpy as np

    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import load_learning_data, load_representations
    from smartprod.resampling.training_rows import resample_fold

    data = load_learning_data(embedding_index, split, EmbeddingStore(store_folder(context.config)))
    config = context.config.resample
    arrays: dict[str, np.ndarray] = {}
    for fold in (*data.folds, data.final()):
        fitted = load_representations(representations, fold.name)
        arrays |= resample_fold(data, fold, fitted, config=config, seed=context.seed)
    before = np.bincount(data.labels)
    final = next(key for key in arrays if key.startswith("final/") and not key.endswith("/embedding"))
    after = np.bincount(arrays[final] if final.endswith("/labels") else data.labels[arrays[final]])
    after = after[after > 0]
    context.rows(len(data.rows), int(after.sum()))
    context.say(
        f"method {config.method}: {before.sum()} training rows with {before.min()} to {before.max()} per class"
        + ("" if config.method == "none" else f" -> {after.sum()} with {after.min()} to {after.max()}")
    )
    return {"training_rows": Arrays(arrays)}
