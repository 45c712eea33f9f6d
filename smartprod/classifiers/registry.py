"""The classifiers there are: which ones a configuration asks for, how to fit one, how to load one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.classifiers.base import Fitted, Weighting
from smartprod.classifiers.logit_adjustment import AdjustedClassifier, adjust, unadjusted_state
from smartprod.errors import ModelError

if TYPE_CHECKING:
    from smartprod.classifiers.base import Classifier, FitRequest
    from smartprod.config.learning import ClassifierConfig, ClassifierKind
    from smartprod.state import State


_WITHOUT_PRIOR: tuple[ClassifierKind, ...] = ("prototype",)
"""Their answers do not depend on how common a class is."""


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
    """Fit one classifier, and adjust its logits where the configuration asks for it."""
    fitted = _fit(recipe, request, config)
    tau = config.logit_adjustment
    if tau is None or recipe.kind in _WITHOUT_PRIOR or _adjusts_in_training(recipe, config):
        return fitted
    adjusted = adjust(
        fitted.classifier,
        request.training.labels,
        classes=request.classes,
        tau=tau,
        weighting=recipe.weighting,
    )
    return Fitted(adjusted, fitted.rounds)


def _adjusts_in_training(recipe: ClassifierRecipe, config: ClassifierConfig) -> bool:
    return recipe.kind == "mlp" and (config.mlp.loss == "logit_adjusted" or config.mlp.sampling != "rows")


def _fit(  # noqa: PLR0911  (one branch for each kind)
    recipe: ClassifierRecipe, request: FitRequest, config: ClassifierConfig
) -> Fitted:
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

        return fit_mlp(request, config.mlp, weighting=recipe.weighting, tau=config.logit_adjustment or 1.0)
    if recipe.kind == "lightgbm":
        from smartprod.classifiers.boosting import fit_lightgbm

        return fit_lightgbm(request, config.lightgbm, weighting=recipe.weighting)
    if recipe.kind == "neighbours":
        from smartprod.classifiers.neighbours import fit_neighbours

        return fit_neighbours(request, config.neighbours, weighting=recipe.weighting)
    if recipe.kind == "two_level":
        from smartprod.classifiers.two_level import fit_two_level

        return fit_two_level(
            request,
            C=config.two_level.C,
            max_iterations=config.logistic.max_iterations,
            weighting=recipe.weighting,
        )
    if recipe.kind == "discriminant":
        from smartprod.classifiers.discriminant import fit_discriminant

        return fit_discriminant(request, shrinkage=config.discriminant.shrinkage, weighting=recipe.weighting)
    from smartprod.classifiers.prototype import fit_prototype

    return fit_prototype(request, temperature=config.prototype.temperature)


def classifier_from_state(state: State) -> Classifier:
    """Build a classifier of any kind from its state.

    Raises:
        ModelError: The kind is not known to this version.
    """
    inner, offset = unadjusted_state(state)
    return _from_state(inner) if offset is None else AdjustedClassifier(_from_state(inner), offset)


def _from_state(state: State) -> Classifier:  # noqa: PLR0911  (as above)
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
    if state.kind == "two_level":
        from smartprod.classifiers.two_level import TwoLevelClassifier

        return TwoLevelClassifier.from_state(state)
    if state.kind == "discriminant":
        from smartprod.classifiers.discriminant import DiscriminantClassifier

        return DiscriminantClassifier.from_state(state)
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
    if config.logit_adjustment is not None:
        return "none"  # it takes the place of weights
    # Measured by grouped cross-validation on three real sets: networks and trees overfit fully balanced tails.
    return "balanced" if kind in {"logistic", "discriminant", "two_level"} else "sqrt"
