"""The classifiers there are: which ones a configuration asks for, how to fit one, how to load one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.classifiers.base import Weighting
from smartprod.errors import ModelError

if TYPE_CHECKING:
    from smartprod.classifiers.base import Classifier, FitRequest, Fitted
    from smartprod.config.learning import ClassifierConfig, ClassifierKind
    from smartprod.state import State


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """One way to fit a classifier.

    Attributes:
        kind: Which classifier.
        weighting: How rows of small classes weigh.
        C: Inverse penalty; for `logistic` only.
    """

    kind: ClassifierKind
    weighting: Weighting
    C: float | None = None

    @property
    def name(self) -> str:
        """Name on the leaderboard, such as `logistic(C=30)`."""
        return self.kind if self.C is None else f"{self.kind}(C={self.C:g})"


def list_recipes(config: ClassifierConfig) -> list[ClassifierRecipe]:
    """The recipes that a configuration compares: its one kind, or all candidates where the kind is `auto`."""
    kinds = config.candidates if config.kind == "auto" else (config.kind,)
    recipes = []
    for kind in kinds:
        weighting = _weighting(kind, config)
        if kind == "logistic":
            recipes += [ClassifierRecipe(kind, weighting, C=C) for C in config.logistic.C]
        else:
            recipes.append(ClassifierRecipe(kind, weighting))
    return recipes


def fit_classifier(recipe: ClassifierRecipe, request: FitRequest, config: ClassifierConfig) -> Fitted:
    """Fit one classifier."""
    if recipe.kind == "logistic":
        from smartprod.classifiers.logistic import fit_logistic

        return fit_logistic(
            request,
            C=recipe.C or config.logistic.C[0],
            max_iterations=config.logistic.max_iterations,
            weighting=recipe.weighting,
        )
    if recipe.kind == "mlp":
        from smartprod.classifiers.mlp import fit_mlp

        return fit_mlp(request, config.mlp, weighting=recipe.weighting)
    if recipe.kind == "lightgbm":
        from smartprod.classifiers.boosting import fit_lightgbm

        return fit_lightgbm(request, config.lightgbm, weighting=recipe.weighting)
    if recipe.kind == "neighbours":
        from smartprod.classifiers.neighbours import fit_neighbours

        return fit_neighbours(request, config.neighbours, weighting=recipe.weighting)
    from smartprod.classifiers.prototype import fit_prototype

    return fit_prototype(request, temperature=config.prototype.temperature)


def classifier_from_state(state: State) -> Classifier:
    """Build a classifier of any kind from its state.

    Raises:
        ModelError: The kind is not known to this version.
    """
    if state.kind == "logistic":
        from smartprod.classifiers.logistic import LogisticClassifier

        return LogisticClassifier.from_state(state)
    if state.kind == "mlp":
        from smartprod.classifiers.mlp import MlpClassifier

        return MlpClassifier.from_state(state)
    if state.kind == "lightgbm":
        from smartprod.classifiers.boosting import LightgbmClassifier

        return LightgbmClassifier.from_state(state)
    if state.kind == "neighbours":
        from smartprod.classifiers.neighbours import NeighboursClassifier

        return NeighboursClassifier.from_state(state)
    if state.kind == "prototype":
        from smartprod.classifiers.prototype import PrototypeClassifier

        return PrototypeClassifier.from_state(state)
    raise ModelError(
        "SP704",
        f"no classifier is called `{state.kind}`",
        fix="load the model with the version that saved it",
    )


def _weighting(kind: ClassifierKind, config: ClassifierConfig) -> Weighting:
    if config.class_weight != "auto":
        return config.class_weight
    # Measured by grouped cross-validation on three real sets: networks and trees overfit fully balanced tails.
    return "balanced" if kind == "logistic" else "sqrt"
