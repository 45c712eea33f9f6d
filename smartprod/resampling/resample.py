"""Class balance of training rows in embedding space, by imbalanced-learn's samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.errors import TrainingError
from smartprod.resampling.samplers import SAMPLERS, SamplerRequest

if TYPE_CHECKING:
    from smartprod.config.learning import ResampleMethod

SELECTING: tuple[ResampleMethod, ...] = ("none", "random_over", "random_under")
"""Methods that choose among the rows by their labels alone; the others look at the embeddings."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Embeddings and labels to fit a classifier on.

    Attributes:
        embedding: float32 [M, D].
        labels: Class indices, int64 [M].
    """

    embedding: np.ndarray
    labels: np.ndarray


def select_rows(labels: np.ndarray, *, method: ResampleMethod, seed: int) -> np.ndarray:
    """Choose training rows by a selecting method.

    Args:
        labels: Class indices, int64 [N].
        method: One of `SELECTING`.
        seed: Seed of the draw.

    Returns:
        Positions, int64 [M]; repeated where a class is oversampled. All of them where there is one class only.
    """
    if method == "none" or len(np.unique(labels)) < 2:
        return np.arange(len(labels))
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    kind = RandomOverSampler if method == "random_over" else RandomUnderSampler
    sampler = kind(random_state=seed)
    sampler.fit_resample(np.arange(len(labels))[:, None], labels)
    return np.asarray(sampler.sample_indices_, dtype=np.int64)


def single_row_classes(labels: np.ndarray) -> int:
    """How many classes have one row only: no method that looks at neighbours changes them."""
    return int((np.bincount(labels) == 1).sum()) if len(labels) else 0


def resample_embeddings(
    embedding: np.ndarray, labels: np.ndarray, *, method: ResampleMethod, neighbours: int, seed: int
) -> TrainingSet:
    """Balance the classes by a method that looks at the embeddings (`samplers.SAMPLERS`).

    Classes with a single row have no neighbour and stay as they are, whatever the method; the number of neighbours
    is lowered to what the smallest other class allows. Where fewer than two classes have two rows, nothing is done.

    Args:
        embedding: float32 [N, D].
        labels: Class indices, int64 [N].
        method: A method that is not one of `SELECTING`.
        neighbours: Neighbours to look at, at most.
        seed: Seed of the draw.

    Returns:
        The rows that were kept, and the new ones; rows of single-row classes come last.

    Raises:
        TrainingError: (SP522) The method found nothing that it could do.
    """
    counts = np.bincount(labels) if len(labels) else np.zeros(1, np.int64)
    alone = counts[labels] == 1
    sizes = counts[counts >= 2]
    if len(sizes) < 2:
        return TrainingSet(embedding, labels)
    largest, smallest = int(sizes.max()), int(sizes.min())
    sampler = SAMPLERS[method](
        SamplerRequest(
            counts={int(label): int(counts[label]) for label in np.flatnonzero(counts >= 2)},
            neighbours=min(neighbours, smallest - 1),
            around=min(10, len(labels) - int(alone.sum()) - 1),
            seed=seed,
        )
    )
    try:
        made, made_labels = sampler.fit_resample(embedding[~alone], labels[~alone])
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            "SP522",
            f"resample.method={method} cannot balance these classes (from {smallest} to {largest} rows): {error}",
            fix="set resample.method=random_over or none, or catalog.classes.min_rows to leave small classes out",
        ) from error
    return TrainingSet(
        np.concatenate([np.asarray(made, dtype=np.float32), embedding[alone]]),
        np.concatenate([np.asarray(made_labels, dtype=np.int64), labels[alone]]),
    )
