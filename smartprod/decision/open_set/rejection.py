"""Learn from which score on a product is rejected, so that few known products are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from smartprod.decision.open_set.detector import OpenSetDetector, open_set_embedding
from smartprod.decision.open_set.methods import fit_detector
from smartprod.fusion import MODALITIES

if TYPE_CHECKING:
    from smartprod.config.learning import OpenSetConfig
    from smartprod.decision.answers import HeadAnswers
    from smartprod.fusion import LearningData


@dataclass(frozen=True, slots=True, eq=False)
class LearnedRejection:
    """Detectors and thresholds by head; a head without a threshold rejects nothing.

    Attributes:
        detectors: Of the heads that have a threshold, fitted on all their rows.
        thresholds: The largest score that is still accepted.
        rows: Held-out rows of known classes that each head's threshold was learned from.
    """

    detectors: Mapping[str, OpenSetDetector] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


def learn_rejection(
    answers: Mapping[str, HeadAnswers], data: LearningData, config: OpenSetConfig
) -> LearnedRejection:
    """Fit a detector for each head, and learn its threshold from held-out rows.

    Scores of training rows would flatter: each fold's detector scores rows that it was not fitted on. Rows whose
    class the fold did not train are left out: to that detector they are strange, to the final one they are not.

    Args:
        answers: Held-out answers by head, positions among `data.validated()`.
        data: The labelled products with folds.
        config: Method and false-rejection rate.
    """
    detectors: dict[str, OpenSetDetector] = {}
    thresholds: dict[str, float] = {}
    rows: dict[str, int] = {}
    if config.method == "none":
        return LearnedRejection()
    for name, each in answers.items():
        able = _answerable(data, name)
        fits = [fold.train[able[fold.train]] for fold in data.folds]
        smallest = min((len(fit) for fit in fits if len(fit)), default=0)
        scores = _held_out_scores(name, each, data, config, smallest_fit=smallest)
        rows[name] = len(scores)
        threshold = rejection_threshold(scores, config.false_rejection_rate)
        if threshold is None:
            continue
        thresholds[name] = threshold
        detectors[name] = _fit(name, np.flatnonzero(able), data, config, smallest_fit=smallest)
    return LearnedRejection(detectors, thresholds, rows)


def rejection_threshold(scores: np.ndarray, rate: float) -> float | None:
    """The score above which a product is rejected, so that a known one is with a chance of at most `rate`.

    Of n held-out scores it is the one of rank ceil((n + 1) (1 - rate)), not the plain quantile: a new product of
    a known class is then as likely as any of them to be among the strangest (split conformal prediction, Vovk et
    al., 2005; with scores pooled over folds, cross-conformal prediction, Vovk, 2015). For a single fold the promise
    is exact for exchangeable rows, on average over draws of the held-out rows. Pooled over K folds the proven bound is
    about twice the rate; in practice the rate holds (docs/open-set.md), for the final detector has seen more rows than
    those of the folds. Plain Mahalanobis distances grow with the rows, and reject a little more than was asked.

    Args:
        scores: Of n held-out products of known classes, float32 [n].
        rate: Share of known products that may be rejected, 0 to 1.

    Returns:
        The threshold; None where n is below 1 / rate - 1: so few rows cannot promise so little.
    """
    count = len(scores)
    rank = ceil((count + 1) * (1 - rate) - 1e-9)
    if rank > count or count == 0:
        return None
    if rank == 0:
        return float(np.nextafter(scores.min(), np.float32(-np.inf)))
    return float(np.partition(scores, rank - 1)[rank - 1])


def _held_out_scores(
    name: str, answers: HeadAnswers, data: LearningData, config: OpenSetConfig, *, smallest_fit: int
) -> np.ndarray:
    """Scores of the held-out rows of trained classes, float32 [n]."""
    able, labels = _answerable(data, name), data.labels
    answered = data.validated()[answers.positions]
    scores = [np.zeros(0, dtype=np.float32)]
    for fold in data.folds:
        train = fold.train[able[fold.train]]
        held = fold.validation[np.isin(fold.validation, answered)]
        held = held[np.isin(labels[held], labels[train])]
        if len(held) == 0:
            continue
        detector = _fit(name, train, data, config, smallest_fit=smallest_fit)
        embedding = open_set_embedding(data.products.take(held), name)
        scores.append(detector.score(embedding, answers.probabilities[np.searchsorted(answered, held)]))
    return np.concatenate(scores)


def _fit(
    name: str, train: np.ndarray, data: LearningData, config: OpenSetConfig, *, smallest_fit: int
) -> OpenSetDetector:
    embedding = open_set_embedding(data.products.take(train), name)
    return fit_detector(config, embedding, data.labels[train], smallest_fit=smallest_fit)


def _answerable(data: LearningData, head: str) -> np.ndarray:
    return data.products.having(
        MODALITIES if head == "fused" else [each for each in MODALITIES if each == head]
    )
