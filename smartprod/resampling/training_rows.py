"""The training rows of every fold and representation after resampling, as one bundle of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.resampling.resample import SELECTING, TrainingSet, resample_embeddings, select_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.config.learning import ResampleConfig
    from smartprod.fusion import Fold, LearningData, Representation


def usable_rows(data: LearningData, rows: np.ndarray, representation: Representation) -> np.ndarray:
    """The rows that `representation` can embed, in order."""
    return rows[data.products.having(representation.requires)[rows]]


def resample_fold(
    data: LearningData,
    fold: Fold,
    representations: Mapping[str, Representation],
    *,
    config: ResampleConfig,
    seed: int,
) -> dict[str, np.ndarray]:
    """Resample the training rows of one fold for each representation; validation rows are never touched.

    Returns:
        `<fold>/<representation>/rows` (positions among the learning rows) for methods that select, or
        `.../embedding` and `.../labels` for methods that look at embeddings.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, representation in representations.items():
        train = usable_rows(data, fold.train, representation)
        labels = data.labels[train]
        key = f"{fold.name}/{name}"
        if config.method in SELECTING:
            arrays[f"{key}/rows"] = train[select_rows(labels, method=config.method, seed=seed)]
            continue
        made = resample_embeddings(
            representation.embed(data.products.take(train)),
            labels,
            method=config.method,
            neighbours=config.neighbours,
            seed=seed,
        )
        arrays[f"{key}/embedding"], arrays[f"{key}/labels"] = made.embedding, made.labels
    return arrays


def training_set(
    arrays: Mapping[str, np.ndarray], data: LearningData, fold: str, representation: Representation
) -> TrainingSet:
    """Look up the training set of one fold and representation."""
    key = f"{fold}/{representation.name}"
    if f"{key}/embedding" in arrays:
        return TrainingSet(arrays[f"{key}/embedding"], arrays[f"{key}/labels"])
    rows = arrays[f"{key}/rows"]
    return TrainingSet(representation.embed(data.products.take(rows)), data.labels[rows])
