"""Candidates for several labels: representations with classifiers, asked about rows they have not seen, and mixtures."""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.label_sets.base import LabelFitRequest
from smartprod.classifiers.label_sets.logistic import fit_sigmoid_logistic
from smartprod.config import SIGMOID_KINDS
from smartprod.fusion import MODALITIES, Fold, representation_from_state
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smartprod.classifiers.base import Weighting
    from smartprod.classifiers.label_sets.base import LabelClassifier
    from smartprod.classifiers.label_sets.data import LabelData
    from smartprod.config.learning import ClassifierConfig
    from smartprod.fusion import Modality, Representation

HEAD_MODALITIES: dict[str, tuple[Modality, ...]] = {
    "image": ("image",),
    "text": ("text",),
    "fused": MODALITIES,
}
_MOST_MIXED = 6


@dataclass(frozen=True, slots=True)
class LabelRecipe:
    """How a classifier is fitted.

    Attributes:
        kind: `logistic` or `mlp`.
        C: Of logistic regression.
        weighting: How much rows with a rare label weigh.
    """

    kind: str
    C: float
    weighting: Weighting

    @property
    def name(self) -> str:
        """Such as `logistic(C=30)`."""
        return f"logistic(C={self.C:g})" if self.kind == "logistic" else self.kind


@dataclass(slots=True, eq=False)
class LabelCandidate:
    """A representation with a classifier, and its held-out answers.

    Attributes:
        representation: What the classifier sees.
        recipe: How it is fitted.
        probabilities: Held-out answers, float32 [V, K] over the validated rows; NaN where it cannot answer.
        rounds: Best epochs, one for each fold.
        seconds: Time to fit and ask, over all folds.
    """

    representation: Representation
    recipe: LabelRecipe
    probabilities: np.ndarray
    rounds: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Such as `concat+mlp`."""
        return f"{self.representation.name}+{self.recipe.name}"

    def median_rounds(self) -> int | None:
        """What the final fit runs, which has no held-out rows."""
        return max(1, round(statistics.median(self.rounds))) if self.rounds else None


@dataclass(frozen=True, slots=True, eq=False)
class LabelEntry:
    """A line of the leaderboard: one candidate, or the mean of several.

    Attributes:
        name: Such as `concat+mlp`, or `mean of 3`.
        members: Its candidates.
        average_precision: Mean over labels, on the validated rows that the head can answer.
        seconds: Time to fit and ask, over all folds.
    """

    name: str
    members: tuple[LabelCandidate, ...]
    average_precision: float
    seconds: float


def label_representations(data: LabelData) -> list[Representation]:
    """The embedding of each modality, and both side by side where products have both; nothing is fitted."""
    products = data.learning.products
    states = [
        State("single", {"modality": name}) for name in MODALITIES if products.modality(name).present.any()
    ]
    if products.having(MODALITIES).any():
        states.append(State("concat", {"text_weight": 1.0}))
    return [representation_from_state(state) for state in states]


def list_label_recipes(config: ClassifierConfig) -> list[LabelRecipe]:
    """The classifiers that the configuration names, of those that can give several labels."""
    weighting: Weighting = "sqrt" if config.class_weight == "auto" else config.class_weight
    kinds = config.candidates if config.kind == "auto" else (config.kind,)
    recipes = []
    for kind in (each for each in SIGMOID_KINDS if each in kinds):
        settings = config.logistic.C if kind == "logistic" else (0.0,)
        recipes += [LabelRecipe(kind, C, weighting) for C in settings]
    return recipes


def validate_label_candidates(
    data: LabelData,
    *,
    config: ClassifierConfig,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> list[LabelCandidate]:
    """Fit every candidate on every fold and collect its answers about the fold's held-out rows.

    Args:
        data: Labelled products with folds.
        config: Which classifiers, and their settings.
        seed: Seed of every fit.
        advance: Called after each fold and candidate.
    """
    validated = data.learning.validated()
    shape = (len(validated), len(data.tree.nodes))
    candidates = [
        LabelCandidate(representation, recipe, np.full(shape, np.nan, dtype=np.float32))
        for representation in label_representations(data)
        for recipe in list_label_recipes(config)
    ]
    for fold in data.learning.folds:
        for candidate in candidates:
            _validate(candidate, data, fold, validated, config=config, seed=seed)
            advance()
    return candidates


def fit_label_candidate(
    candidate: LabelCandidate, data: LabelData, *, config: ClassifierConfig, seed: int
) -> LabelClassifier:
    """Fit a chosen candidate on all learning rows that its representation can embed."""
    rows = np.flatnonzero(data.learning.products.having(candidate.representation.requires))
    embedding = candidate.representation.embed(data.learning.products.take(rows))
    request = LabelFitRequest(
        embedding, data.targets[rows], candidate.recipe.weighting, seed, rounds=candidate.median_rounds()
    )
    return _fit(candidate.recipe, request, config)[0]


def compare_labels(candidates: Sequence[LabelCandidate], data: LabelData) -> dict[str, list[LabelEntry]]:
    """Rank candidates and means of the best of them for every head, best first.

    A head answers for products that have all of its modalities; its candidates are those that need no other. They are
    ranked by average precision, which needs no thresholds, and the best two, three, ... of them are mixed.
    """
    validated = data.learning.validated()
    board: dict[str, list[LabelEntry]] = {}
    for head, modalities in HEAD_MODALITIES.items():
        usable = [each for each in candidates if set(each.representation.requires) <= set(modalities)]
        rows = answered_rows(usable, modalities, data)
        needed = {name for each in usable for name in each.representation.requires}
        if needed != set(modalities) or not rows.any():
            continue
        targets = data.targets[validated][rows]
        single = sorted(
            (_entry([each], rows, targets, data) for each in usable),
            key=lambda entry: -entry.average_precision,
        )
        best = [entry.members[0] for entry in single]
        mixed = [
            _entry(best[:size], rows, targets, data) for size in range(2, min(len(best), _MOST_MIXED) + 1)
        ]
        board[head] = sorted([*single, *mixed], key=lambda entry: -entry.average_precision)
    return board


def answered_rows(
    members: Sequence[LabelCandidate], modalities: Sequence[Modality], data: LabelData
) -> np.ndarray:
    """Which of the validated rows have the modalities and an answer of every member, bool [V]."""
    rows = data.learning.products.having(modalities)[data.learning.validated()]
    for member in members:
        rows = rows & ~np.isnan(member.probabilities[:, 0])
    return rows


def mixture(members: Sequence[LabelCandidate], rows: np.ndarray, data: LabelData) -> np.ndarray:
    """Mean held-out probability of the members for some of the validated rows, consistent up the tree."""
    return data.tree.consistent(np.mean([member.probabilities[rows] for member in members], axis=0))


def _entry(
    members: Sequence[LabelCandidate], rows: np.ndarray, targets: np.ndarray, data: LabelData
) -> LabelEntry:
    name = members[0].name if len(members) == 1 else f"mean of the best {len(members)}"
    precision = mean_average_precision(targets, mixture(members, rows, data))
    return LabelEntry(name, tuple(members), precision, sum(member.seconds for member in members))


def mean_average_precision(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean over the labels that any row has; NaN where none has."""
    from sklearn.metrics import average_precision_score

    known = targets.any(axis=0)
    if not known.any():
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(average_precision_score(targets[:, known], probabilities[:, known], average="macro"))


def _validate(
    candidate: LabelCandidate,
    data: LabelData,
    fold: Fold,
    validated: np.ndarray,
    *,
    config: ClassifierConfig,
    seed: int,
) -> None:
    able = data.learning.products.having(candidate.representation.requires)
    train, held = fold.train[able[fold.train]], fold.validation[able[fold.validation]]
    if len(train) == 0 or len(held) == 0:
        return
    started = time.perf_counter()
    embed, products = candidate.representation.embed, data.learning.products
    held_out = embed(products.take(held)), data.targets[held]
    request = LabelFitRequest(
        embed(products.take(train)), data.targets[train], candidate.recipe.weighting, seed, held_out
    )
    classifier, rounds = _fit(candidate.recipe, request, config)
    candidate.probabilities[np.searchsorted(validated, held)] = classifier.probabilities(held_out[0])
    candidate.seconds += time.perf_counter() - started
    if rounds is not None:
        candidate.rounds.append(rounds)


def _fit(
    recipe: LabelRecipe, request: LabelFitRequest, config: ClassifierConfig
) -> tuple[LabelClassifier, int | None]:
    if recipe.kind == "logistic":
        fitted = fit_sigmoid_logistic(request, C=recipe.C, max_iterations=config.logistic.max_iterations)
        return fitted, None
    from smartprod.classifiers.label_sets.mlp import fit_sigmoid_mlp

    return fit_sigmoid_mlp(request, config.mlp)
