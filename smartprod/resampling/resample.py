"""Class balance of training rows in embedding space, by imbalanced-learn's samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.errors import TrainingError

if TYPE_CHECKING:
    from smartprod.config.learning import ResampleMethod

SELECTING: tuple[ResampleMethod, ...] = ("none", "random_over", "random_under")
"""Methods that choose among the rows there are; the others make new embeddings."""


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


def synthesize_rows(
    embedding: np.ndarray, labels: np.ndarray, *, method: ResampleMethod, neighbours: int, seed: int
) -> TrainingSet:
    """Make a balanced training set with new embeddings between neighbours (SMOTE; Chawla et al., 2002).

    Classes with a single row cannot be interpolated and stay as they are; the number of neighbours is lowered
    to what the smallest interpolated class allows. Where there is one class only, nothing is done.

    Args:
        embedding: float32 [N, D].
        labels: Class indices, int64 [N].
        method: A method that is not one of `SELECTING`.
        neighbours: Neighbours to interpolate with, at most.
        seed: Seed of the draw.

    Returns:
        The rows there were (less those that a combined method removed) and the new ones.

    Raises:
        TrainingError: No class has two rows, or the method found nothing that it could do.
    """
    if len(np.unique(labels)) < 2:
        return TrainingSet(embedding, labels)
    counts = np.bincount(labels)
    sizes = counts[counts >= 2]
    if len(sizes) == 0:
        raise TrainingError(
            "SP521",
            f"resample.method={method} needs classes with at least 2 rows; every class here has one",
            fix="set resample.method=random_over or none",
        )
    largest, smallest = int(counts.max()), int(sizes.min())
    targets = {int(label): largest for label in np.flatnonzero(counts >= 2)}
    sampler = _sampler(
        method, targets, neighbours=min(neighbours, smallest - 1), around=min(10, len(labels) - 1), seed=seed
    )
    try:
        new_embedding, new_labels = sampler.fit_resample(embedding, labels)
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            "SP522",
            f"resample.method={method} cannot balance these classes (from {smallest} to {largest} rows): {error}",
            fix="set resample.method=random_over or none, or catalog.classes.min_rows to leave small classes out",
        ) from error
    return TrainingSet(np.asarray(new_embedding, dtype=np.float32), np.asarray(new_labels, dtype=np.int64))


def _sampler(
    method: ResampleMethod, targets: dict[int, int], *, neighbours: int, around: int, seed: int
) -> Any:
    from imblearn.combine import SMOTETomek
    from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
    from imblearn.under_sampling import TomekLinks

    if method == "borderline_smote":
        return BorderlineSMOTE(
            sampling_strategy=targets, k_neighbors=neighbours, m_neighbors=around, random_state=seed
        )
    if method == "adasyn":
        return ADASYN(sampling_strategy=targets, n_neighbors=neighbours, random_state=seed)
    smote = SMOTE(sampling_strategy=targets, k_neighbors=neighbours, random_state=seed)
    if method == "smote_tomek":
        # Only classes that were filled up are thinned: a class with a single row must not lose it.
        return SMOTETomek(smote=smote, tomek=TomekLinks(sampling_strategy=list(targets)), random_state=seed)
    return smote
