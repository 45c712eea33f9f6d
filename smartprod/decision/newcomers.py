"""Learn to tell a new class from a handful of examples, and how sure to be of it, from the classes that are known.

Each known class in turn plays the new one: a few of its rows are the examples, and the others and all rows of other
classes show how much nearer a product has to lie (episodes as in prototypical networks; Snell et al., 2017). Distances
are Mahalanobis distances under the spread inside the known classes (Lee et al., 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smartprod.decision.class_edits import Newcomer, nearest
from smartprod.decision.open_set import fit_relative_mahalanobis
from smartprod.decision.open_set.detector import unit_rows

_MOST_EPISODES = 40
_REACH_QUANTILE = 0.99
_LEAST_ROWS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """The reference rows where the spread inside of classes is one: [M, K], their classes [M] and class means [P, K]."""

    mean: np.ndarray
    projection: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    prototypes: np.ndarray


def learn_newcomer(
    embedding: np.ndarray, labels: np.ndarray, examples: np.ndarray, *, seed: int = 0
) -> Newcomer | None:
    """Learn to tell a new class.

    Args:
        embedding: Of reference rows of the known classes, float32 [M, D].
        labels: Their class indices, int64 [M].
        examples: Embeddings of the new class's examples, float32 [n, D].
        seed: Of the episodes.

    Returns:
        None where there are too few reference rows to learn from: at least two classes and three rows.
    """
    if len(examples) == 0 or len(labels) < _LEAST_ROWS or len(np.unique(labels)) < 2:
        return None
    space = _space(embedding, labels)
    projected = (unit_rows(examples) - space.mean) @ space.projection
    shrink = len(examples) / (len(examples) + 1)
    slope, intercept = _fit_odds(*_episodes(space, len(examples), seed), classes=len(space.prototypes))
    own = ((space.rows - space.prototypes[space.labels]) ** 2).sum(axis=1)
    return Newcomer(
        space.mean,
        space.projection,
        space.prototypes,
        np.asarray(projected.mean(axis=0), dtype=np.float32),
        shrink,
        slope,
        intercept,
        float(np.quantile(own, _REACH_QUANTILE)),
    )


def _space(embedding: np.ndarray, labels: np.ndarray) -> _Space:
    fitted = fit_relative_mahalanobis(embedding, labels)
    projection = np.asarray(fitted.components @ fitted.class_whitening, dtype=np.float32)
    rows = np.asarray((unit_rows(embedding) - fitted.mean) @ projection, dtype=np.float32)
    return _Space(
        fitted.mean, projection, rows, np.unique(labels, return_inverse=True)[1], fitted.class_means
    )


def _episodes(space: _Space, examples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Play the new class with each known one that has rows to spare.

    Returns:
        The advantage of the class played, float32 [R], and whether the row is of that class, bool [R].
    """
    rng = np.random.default_rng(seed)
    sizes = np.bincount(space.labels, minlength=len(space.prototypes))
    able = np.flatnonzero(sizes > examples)
    if len(able) > _MOST_EPISODES:
        able = np.sort(rng.choice(able, _MOST_EPISODES, replace=False))
    shrink = examples / (examples + 1)
    advantages: list[np.ndarray] = [np.zeros(0, np.float32)]
    own: list[np.ndarray] = [np.zeros(0, bool)]
    for played in able.tolist():
        members = np.flatnonzero(space.labels == played)
        shown = rng.choice(members, examples, replace=False)
        rest = np.setdiff1d(np.arange(len(space.rows)), shown)
        others = np.delete(space.prototypes, played, axis=0)
        prototype = space.rows[shown].mean(axis=0, keepdims=True)
        advantages.append(nearest(space.rows[rest], others) - shrink * nearest(space.rows[rest], prototype))
        own.append(space.labels[rest] == played)
    return np.concatenate(advantages), np.concatenate(own)


def _fit_odds(advantage: np.ndarray, own: np.ndarray, *, classes: int) -> tuple[float, float]:
    """Fit log-odds to the advantage; the new class is taken to be as frequent as the average class."""
    frequency = 1 / (classes + 1)
    if own.sum() < _LEAST_ROWS or own.all():
        return 0.5, float(np.log(frequency / (1 - frequency)))  # what the Gaussians themselves say
    from sklearn.linear_model import LogisticRegression

    scale = max(float(np.abs(advantage).mean()), 1e-6)
    weight = np.where(own, frequency / own.sum(), (1 - frequency) / (~own).sum()) * len(own)
    model = LogisticRegression(C=100.0).fit(advantage[:, None] / scale, own, sample_weight=weight)
    return float(model.coef_[0, 0]) / scale, float(model.intercept_[0])
