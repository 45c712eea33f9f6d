"""Candidates: every representation with every classifier, asked about rows they have not seen."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.base import FitRequest, Fitted
from smartprod.classifiers.registry import ClassifierRecipe, fit_classifier, list_recipes
from smartprod.fusion import load_representations
from smartprod.resampling import TrainingSet, training_set, usable_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from smartprod.config.learning import ClassifierConfig
    from smartprod.fusion import Fold, LearningData, Representation


@dataclass(slots=True, eq=False)
class Candidate:
    """A representation with a classifier, and its held-out answers.

    Attributes:
        representation: Name of the representation.
        recipe: How its classifier is fitted.
        log_probabilities: Held-out answers, float32 [V, C] over the validated rows; NaN where it cannot answer.
        rounds: Best epochs or boosting rounds, one for each fold.
        seconds: Time to fit and ask, over all folds.
    """

    representation: str
    recipe: ClassifierRecipe
    log_probabilities: np.ndarray
    rounds: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Name on the leaderboard, such as `concat+logistic(C=30)`."""
        return f"{self.representation}+{self.recipe.name}"

    def median_rounds(self) -> int | None:
        """What the final fit runs, which has no validation rows."""
        return max(1, round(statistics.median(self.rounds))) if self.rounds else None


def validate_candidates(
    data: LearningData,
    representations: Path,
    training_rows: Mapping[str, np.ndarray],
    *,
    config: ClassifierConfig,
    seed: int,
    threads: int,
    advance: Callable[[], None] = lambda: None,
) -> list[Candidate]:
    """Fit every candidate on every fold and collect its answers about the fold's validation rows.

    Args:
        data: Labelled products with folds.
        representations: The `representations` artefact.
        training_rows: The `training_rows` artefact.
        config: Which classifiers, and their settings.
        seed: Seed of every fit.
        threads: Threads to use.
        advance: Called after each fold and representation.

    Returns:
        The candidates, in a fixed order.
    """
    validated = data.validated()
    candidates: dict[tuple[str, str], Candidate] = {}
    for fold in data.folds:
        for name, representation in load_representations(representations, fold.name).items():
            training = training_set(training_rows, data, fold.name, representation)
            held, validation = _validation_set(data, fold, representation)
            request = FitRequest(training, len(data.classes), seed, threads, validation)
            for recipe in list_recipes(config):
                candidate = candidates.setdefault(
                    (name, recipe.name),
                    Candidate(name, recipe, np.full((len(validated), len(data.classes)), np.nan, np.float32)),
                )
                _validate(candidate, request, np.searchsorted(validated, held), config)
            advance()
    return list(candidates.values())


def fit_final(
    candidate: Candidate,
    representation: Representation,
    data: LearningData,
    training_rows: Mapping[str, np.ndarray],
    *,
    config: ClassifierConfig,
    seed: int,
    threads: int,
) -> Fitted:
    """Fit a chosen candidate on all learning rows."""
    training = training_set(training_rows, data, data.final().name, representation)
    request = FitRequest(training, len(data.classes), seed, threads, rounds=candidate.median_rounds())
    return fit_classifier(candidate.recipe, request, config)


def _validate(
    candidate: Candidate, request: FitRequest, positions: np.ndarray, config: ClassifierConfig
) -> None:
    if request.validation is None or len(request.training.labels) == 0:
        return
    start = time.perf_counter()
    fitted = fit_classifier(candidate.recipe, request, config)
    candidate.log_probabilities[positions] = fitted.classifier.log_probabilities(request.validation.embedding)
    candidate.seconds += time.perf_counter() - start
    if fitted.rounds is not None:
        candidate.rounds.append(fitted.rounds)


def _validation_set(
    data: LearningData, fold: Fold, representation: Representation
) -> tuple[np.ndarray, TrainingSet | None]:
    rows = usable_rows(data, fold.validation, representation)
    if len(rows) == 0:
        return rows, None
    return rows, TrainingSet(representation.embed(data.products.take(rows)), data.labels[rows])
