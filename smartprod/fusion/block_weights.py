"""Learn how much the text block weighs in a concatenation, by validation log-loss of a linear classifier."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from smartprod.fusion.normalisation import fit_normaliser
from smartprod.fusion.representation import ConcatRepresentation
from smartprod.fusion.workers import FittingWorkers

if TYPE_CHECKING:
    from smartprod.config.learning import Normalisation
    from smartprod.fusion.learning_data import LearningData

TEXT_WEIGHTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Candidates for the weight of the text block; the image block weighs 1."""

_MAX_ROWS = 2_000
_MAX_FOLDS = 3
_C = 30.0


def learn_text_weight(
    data: LearningData,
    *,
    seed: int,
    normalise: Normalisation = "l2",
    workers: FittingWorkers = FittingWorkers(),  # noqa: B008  (frozen)
) -> dict[float, float]:
    """Measure the validation log-loss of every candidate weight.

    The weight of a block matters as much as the classifier: a norm penalty trusts a longer block more.

    Args:
        data: Labelled products; rows without both modalities are left out.
        seed: Seed of the sample of training rows taken where there are very many.
        normalise: What blocks go through first.
        workers: Where the fits run.

    Returns:
        Mean validation log-loss by weight, in the order of `TEXT_WEIGHTS`; empty where no fold can tell.
    """
    both = data.products.having(("image", "text"))
    rng = np.random.default_rng(seed)
    tasks = []
    for fold in data.folds[:_MAX_FOLDS]:
        train, validation = fold.train[both[fold.train]], fold.validation[both[fold.validation]]
        if len(train) > _MAX_ROWS:
            train = rng.choice(train, _MAX_ROWS, replace=False)
        known = np.isin(data.labels[validation], data.labels[train])
        validation = validation[known]
        if len(validation) == 0 or len(np.unique(data.labels[train])) < 2:
            continue
        normaliser = fit_normaliser(data.products.take(train), normalise, seed=seed)
        tasks += [
            (data, ConcatRepresentation(weight, normaliser), train, validation) for weight in TEXT_WEIGHTS
        ]
    losses: dict[float, list[np.ndarray]] = {}
    for (_, concat, *_), of_fold in zip(tasks, workers.map(_log_losses, tasks), strict=True):
        losses.setdefault(concat.text_weight, []).append(of_fold)
    return {weight: float(np.concatenate(parts).mean()) for weight, parts in losses.items()}


def _log_losses(
    data: LearningData, concat: ConcatRepresentation, train: np.ndarray, validation: np.ndarray
) -> np.ndarray:
    from scipy.special import log_softmax
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_C, class_weight="balanced", max_iter=200)
    with warnings.catch_warnings():
        # Fits that stopped early compare as well as others, and classes of one row are no news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        model.fit(concat.embed(data.products.take(train)), data.labels[train])
    logits = model.decision_function(concat.embed(data.products.take(validation)))
    if logits.ndim == 1:  # scikit-learn keeps one line for two classes
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    # Not predict_log_proba: float32 probabilities underflow, and one infinite loss would hide all others.
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)
    column = np.searchsorted(model.classes_, data.labels[validation])
    return -log_probabilities[np.arange(len(validation)), column]
