"""Candidates: every representation with every classifier, asked about rows they have not seen."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.classifiers.base import FitRequest, Fitted
from smartprod.classifiers.budget import Budget
from smartprod.classifiers.registry import ClassifierRecipe, fit_classifier, list_recipes
from smartprod.fusion import MODALITIES, load_representation, representation_names
from smartprod.resampling import TrainingSet, training_set, usable_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from smartprod.config.learning import ClassifierConfig
    from smartprod.fusion import FittingWorkers, Fold, LearningData, Representation

_UNTRAINED = frozenset({*MODALITIES, "concat"})
_SIMPLICITY = {
    "logistic": 0,
    "discriminant": 0,
    "prototype": 1,
    "neighbours": 1,
    "mlp": 2,
    "two_level": 3,
    "lightgbm": 4,
}
_TRAINED = 3
MIXTURE_SIMPLICITY = 5


@dataclass(frozen=True, slots=True, eq=False)
class FoldAnswers:
    """What a candidate answered about the validation rows of one fold.

    Attributes:
        rows: Positions among the learning rows, int64 [V].
        log_probabilities: float32 [V, C].
        rounds: Best epochs or boosting rounds; None where it has none.
        seconds: Time to fit and ask.
        asking_seconds: Time to embed and answer alone.
    """

    rows: np.ndarray
    log_probabilities: np.ndarray
    rounds: int | None
    seconds: float
    asking_seconds: float


@dataclass(slots=True, eq=False)
class Candidate:
    """A representation with a classifier, and its held-out answers.

    Attributes:
        representation: Name of the representation.
        recipe: How its classifier is fitted.
        log_probabilities: Held-out answers, float32 [V, C] over the validated rows; NaN where it cannot answer.
        rounds: Best epochs or boosting rounds, one for each fold.
        seconds: Time to fit and ask, over all folds.
        asking_seconds: Time to embed and answer the held-out rows alone.
    """

    representation: str
    recipe: ClassifierRecipe
    log_probabilities: np.ndarray
    rounds: list[int] = field(default_factory=list)
    seconds: float = 0.0
    asking_seconds: float = 0.0

    @property
    def name(self) -> str:
        """Name on the leaderboard, such as `concat+logistic(C=30)`."""
        return f"{self.representation}+{self.recipe.name}"

    @property
    def simplicity(self) -> int:
        """Place in the order from simple and cheap to complex and dear.

        0 a linear classifier, 1 prototypes or neighbours, 2 a network, each on embeddings as they are; 3 any of
        these on a trained representation (`metric`, `gated`), or a classifier of two levels; 4 LightGBM; mixtures are 5.
        """
        own = _SIMPLICITY.get(self.recipe.kind, _TRAINED)
        return own if self.representation in _UNTRAINED else max(own, _TRAINED)

    @property
    def rows_per_second(self) -> float:
        """Rows that it embeds and answers in a second, measured on the held-out rows; 0 where it answered none."""
        answered = int((~np.isnan(self.log_probabilities).any(axis=1)).sum())
        return answered / self.asking_seconds if self.asking_seconds > 0 else 0.0

    def add(self, answers: FoldAnswers, data: LearningData) -> None:
        """Take down the answers of one fold."""
        self.log_probabilities[np.searchsorted(data.validated(), answers.rows)] = answers.log_probabilities
        self.seconds += answers.seconds
        self.asking_seconds += answers.asking_seconds
        if answers.rounds is not None:
            self.rounds.append(answers.rounds)

    def median_rounds(self) -> int | None:
        """What the final fit runs, which has no validation rows."""
        return max(1, round(statistics.median(self.rounds))) if self.rounds else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What all fits of a comparison share.

    Attributes:
        data: Labelled products with folds.
        representations: The `representations` artefact.
        training_rows: The `training_rows` artefact.
        config: Which classifiers, and their settings.
        seed: Seed of every fit.
    """

    data: LearningData
    representations: Path
    training_rows: Mapping[str, np.ndarray]
    config: ClassifierConfig
    seed: int

    def names(self) -> list[str]:
        """The representations of any fold, each once."""
        names = representation_names(self.representations)
        return list(dict.fromkeys(name for fold in self.data.folds for name in names[fold.name]))

    def fits(self) -> int:
        """How many fits comparing takes: every candidate on every fold."""
        return len(self.names()) * len(list_recipes(self.config)) * len(self.data.folds)


def validate_candidates(
    comparison: Comparison,
    *,
    workers: FittingWorkers,
    budget: Budget | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[Candidate]:
    """Fit every candidate on every fold and collect its answers about the fold's validation rows.

    The simple and cheap ones come first. When the budget is used up no further fit is started, and candidates that
    have not seen every fold are left out and recorded in it; the simplest one of each representation that
    a head needs (see `plan_candidates`) is always compared.

    Args:
        comparison: What is compared, and on what.
        workers: Where the fits run.
        budget: How long it may take; no limit where it is None.
        advance: Called after each fold of each candidate.

    Returns:
        The candidates that were compared, in the order of `plan_candidates`.
    """
    data, budget = comparison.data, budget or Budget()
    names = representation_names(comparison.representations)
    planned = plan_candidates(comparison.names(), data, comparison.config)
    needed = _first_of_each_head(planned)
    started: list[Candidate] = []

    def affordable() -> Iterator[tuple[Any, ...]]:
        for candidate in planned:
            for number, fold in enumerate(data.folds):
                if budget.used_up() and candidate.name not in needed:
                    budget.skip(candidate.name, folds=number, of=len(data.folds))
                    break
                started.append(candidate)
                fitted = candidate.representation in names[fold.name]
                yield (
                    comparison,
                    candidate.recipe,
                    candidate.representation if fitted else None,
                    fold,
                    workers.threads,
                )

    for number, answers in enumerate(workers.map(_validate, affordable())):
        if answers is not None:
            started[number].add(answers, data)
        advance()
    return [candidate for candidate in planned if started.count(candidate) == len(data.folds)]


def plan_candidates(
    representations: Sequence[str], data: LearningData, config: ClassifierConfig
) -> list[Candidate]:
    """List the candidates, none asked yet, in the order in which they are compared.

    First the simplest one of each modality and of the fused representations, then the others from simple to complex.
    """
    shape = (len(data.validated()), len(data.classes))
    candidates = [
        Candidate(name, recipe, np.full(shape, np.nan, np.float32))
        for name in representations
        for recipe in list_recipes(config)
    ]
    candidates.sort(key=lambda candidate: candidate.simplicity)
    needed = _first_of_each_head(candidates)
    return sorted(candidates, key=lambda candidate: candidate.name not in needed)


def _first_of_each_head(candidates: Sequence[Candidate]) -> set[str]:
    first: dict[str, str] = {}
    for candidate in candidates:
        head = candidate.representation if candidate.representation in MODALITIES else "fused"
        first.setdefault(head, candidate.name)
    return set(first.values())


def fit_final(
    comparison: Comparison, candidate: Candidate, representation: Representation, threads: int
) -> Fitted:
    """Fit a chosen candidate on all learning rows."""
    data = comparison.data
    training = training_set(comparison.training_rows, data, data.final().name, representation)
    request = FitRequest(
        training,
        len(data.classes),
        comparison.seed,
        threads,
        rounds=candidate.median_rounds(),
        coarse=data.coarse,
    )
    return fit_classifier(candidate.recipe, request, comparison.config)


def _validate(
    comparison: Comparison, recipe: ClassifierRecipe, name: str | None, fold: Fold, threads: int
) -> FoldAnswers | None:
    """Fit on the training rows of a fold, and ask about its validation rows."""
    data = comparison.data
    if name is None:
        return None
    representation = load_representation(comparison.representations, fold.name, name)
    training = training_set(comparison.training_rows, data, fold.name, representation)
    rows = usable_rows(data, fold.validation, representation)
    if len(rows) == 0 or len(training.labels) == 0:
        return None
    held = data.products.take(rows)
    validation = TrainingSet(representation.embed(held), data.labels[rows])
    request = FitRequest(
        training, len(data.classes), comparison.seed, threads, validation, coarse=data.coarse
    )
    start = time.perf_counter()
    fitted = fit_classifier(recipe, request, comparison.config)
    asked = time.perf_counter()
    log_probabilities = fitted.classifier.log_probabilities(representation.embed(held))
    end = time.perf_counter()
    return FoldAnswers(rows, log_probabilities, fitted.rounds, end - start, end - asked)
