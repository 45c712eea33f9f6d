"""Representations that are trained on the classes: one fit on one fold, and what its held-out rows say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.fusion.products import MODALITIES

if TYPE_CHECKING:
    from smartprod.config.learning import FuseConfig
    from smartprod.fusion.learning_data import Fold, LearningData
    from smartprod.fusion.products import ProductEmbeddings
    from smartprod.fusion.quality import RetrievalQuality
    from smartprod.fusion.representation import ConcatRepresentation, Representation
    from smartprod.fusion.training import TrainingHistory

TRAINED = ("metric", "gated", "cross_attention")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRepresentation:
    """A representation trained on a fold.

    Attributes:
        representation: The same.
        best_epoch: Epochs that served the held-out rows best; None where no row could tell.
        before: Retrieval quality of the concatenation on held-out rows, where it was projected.
        after: The same after metric learning.
    """

    representation: Representation
    best_epoch: int | None = None
    before: RetrievalQuality | None = None
    after: RetrievalQuality | None = None


def train_representation(
    name: str,
    data: LearningData,
    fold: Fold,
    concat: ConcatRepresentation,
    config: FuseConfig,
    seed: int,
    epochs: int | None,
) -> TrainedRepresentation:
    """Train the representation called `name` on the training rows of a fold.

    Args:
        name: One of `TRAINED`.
        data: Labelled products.
        fold: Whose rows train it, and stop the training.
        concat: What metric learning projects, fitted on the fold.
        config: Settings of all representations.
        seed: Seed of the fit.
        epochs: How many to run where no row is held out.
    """
    if name == "metric":
        return _train_metric(data, fold, concat, config, seed, epochs)
    from smartprod.fusion.modality_fusion import fit_fusion_network

    labels = data.labels[fold.train]
    held = _held_out(data, fold, trained=labels)
    network, history = fit_fusion_network(
        data.products.take(fold.train),
        labels,
        config=config.gated if name == "gated" else config.cross_attention,
        seed=seed,
        validation=held,
        epochs=epochs if held is None else None,
    )
    return TrainedRepresentation(network, _best_epoch(history))


def _train_metric(
    data: LearningData,
    fold: Fold,
    concat: ConcatRepresentation,
    config: FuseConfig,
    seed: int,
    epochs: int | None,
) -> TrainedRepresentation:
    from smartprod.fusion.metric_learning import fit_metric
    from smartprod.fusion.quality import JUDGED_ROWS, RANKED_ROWS, retrieval_quality, spread_evenly

    train = fold.train[data.products.having(MODALITIES)[fold.train]]
    products, labels = data.products.take(train), data.labels[train]
    held = _held_out(data, fold, trained=labels)
    metric, history = fit_metric(
        concat,
        products,
        labels,
        config=config.metric,
        seed=seed,
        validation=held,
        epochs=epochs if held is None else None,
    )
    if held is None:
        return TrainedRepresentation(metric)
    judged, ranked = spread_evenly(len(held[1]), JUDGED_ROWS), spread_evenly(len(labels), RANKED_ROWS)
    query, reference = held[0].take(judged), products.take(ranked)
    before, after = (
        retrieval_quality(each.embed(query), held[1][judged], each.embed(reference), labels[ranked])
        for each in (concat, metric)
    )
    return TrainedRepresentation(metric, _best_epoch(history), before, after)


def _best_epoch(history: TrainingHistory) -> int | None:
    return history.best_epoch if history.scores else None


def _held_out(
    data: LearningData, fold: Fold, *, trained: np.ndarray
) -> tuple[ProductEmbeddings, np.ndarray] | None:
    """The held-out rows with both modalities whose classes were trained: nothing is judged by what it has never seen."""
    validation = fold.validation[data.products.having(MODALITIES)[fold.validation]]
    validation = validation[np.isin(data.labels[validation], trained)]
    if len(validation) == 0:
        return None
    return data.products.take(validation), data.labels[validation]
