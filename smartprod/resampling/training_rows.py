"""The training rows of every fold and representation after resampling, as one bundle of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.resampling.filling import embed_spares
from smartprod.resampling.resample import SELECTING, TrainingSet, resample_embeddings, select_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.config.learning import ResampleConfig
    from smartprod.fusion import Fold, LearningData, Representation
    from smartprod.resampling.filling import Spares


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
    spares: Spares | None = None,
) -> dict[str, np.ndarray]:
    """Fill and resample the training rows of one fold for each representation; validation rows are never touched.

    Args:
        data: The learning rows.
        fold: The fold.
        representations: Fitted on the fold, by name.
        config: What to do.
        seed: Seed of every draw.
        spares: Other images to fill small classes with, before the method; None: none.

    Returns:
        `<fold>/<representation>/rows` (positions among the learning rows) for methods that select, and
        `.../embedding` and `.../labels` of rows that are not among them: other images, or all of them for methods
        that look at embeddings.
    """
    arrays: dict[str, np.ndarray] = {}
    chosen = None if spares is None else spares.of_fold(data, fold)
    for name, representation in representations.items():
        train = usable_rows(data, fold.train, representation)
        key = f"{fold.name}/{name}"
        extra = None
        if spares is not None and chosen is not None and len(chosen):
            extra = embed_spares(spares, chosen, data, representation)
        labels = data.labels[train] if extra is None else np.append(data.labels[train], extra.labels)
        if config.method in SELECTING:
            picked = select_rows(labels, method=config.method, seed=seed)
            arrays[f"{key}/rows"] = train[picked[picked < len(train)]]
            if extra is not None:
                beyond = picked[picked >= len(train)] - len(train)
                arrays[f"{key}/embedding"], arrays[f"{key}/labels"] = (
                    extra.embedding[beyond],
                    extra.labels[beyond],
                )
            continue
        embedding = representation.embed(data.products.take(train))
        made = resample_embeddings(
            embedding if extra is None else np.concatenate([embedding, extra.embedding]),
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
    sets = []
    if f"{key}/rows" in arrays:
        rows = arrays[f"{key}/rows"]
        sets.append(TrainingSet(representation.embed(data.products.take(rows)), data.labels[rows]))
    if f"{key}/embedding" in arrays:
        sets.append(TrainingSet(arrays[f"{key}/embedding"], arrays[f"{key}/labels"]))
    if len(sets) == 1:
        return sets[0]
    return TrainingSet(
        np.concatenate([each.embedding for each in sets]), np.concatenate([each.labels for each in sets])
    )
