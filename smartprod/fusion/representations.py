"""All representations of all folds: fitting them, and their folder."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.errors import ModelError
from smartprod.fusion.block_weights import learn_text_weight
from smartprod.fusion.learning_data import FINAL_FOLD, Fold, LearningData
from smartprod.fusion.normalisation import fit_normaliser
from smartprod.fusion.products import MODALITIES
from smartprod.fusion.representation import (
    ConcatRepresentation,
    Representation,
    SingleRepresentation,
    single_representations,
)
from smartprod.fusion.trained import TRAINED, TrainedRepresentation, train_representation
from smartprod.fusion.workers import FittingWorkers
from smartprod.state import State, load_state, save_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smartprod.config.learning import FuseConfig
    from smartprod.fusion.quality import RetrievalQuality

_NAMES_FILE = "representations.json"


@dataclass(slots=True)
class FusionAccount:
    """What fitting the representations found.

    Attributes:
        fused: Whether enough products have both modalities for a fused head.
        text_weights: Validation log-loss by weight of the text block.
        before: Retrieval quality of the concatenation on each fold's validation rows.
        after: The same after metric learning.
        epochs: Best epochs of each trained representation, by its name.
    """

    fused: bool = False
    text_weights: dict[float, float] = field(default_factory=dict)
    before: list[RetrievalQuality] = field(default_factory=list)
    after: list[RetrievalQuality] = field(default_factory=list)
    epochs: dict[str, list[int]] = field(default_factory=dict)

    def best_text_weight(self) -> float:
        """The weight with the lowest log-loss; 1 where nothing was measured."""
        return min(self.text_weights, key=lambda weight: self.text_weights[weight], default=1.0)

    def median_epochs(self, name: str) -> int | None:
        """The median best epoch of the folds, which a final fit without validation runs."""
        epochs = self.epochs.get(name)
        return max(1, round(statistics.median(epochs))) if epochs else None

    def note(self, name: str, trained: TrainedRepresentation) -> None:
        """Take down how a trained representation did on the rows held out from it, if any were."""
        if trained.best_epoch is not None:
            self.epochs.setdefault(name, []).append(trained.best_epoch)
        if trained.before is not None and trained.after is not None:
            self.before.append(trained.before)
            self.after.append(trained.after)


def fit_representations(
    data: LearningData,
    folder: Path,
    *,
    config: FuseConfig,
    seed: int,
    workers: FittingWorkers = FittingWorkers(),  # noqa: B008  (frozen)
    advance: Callable[[], None] = lambda: None,
) -> FusionAccount:
    """Fit every representation on every fold and on all rows, and save them under `folder/<fold>/<name>`.

    Args:
        data: Labelled products with folds.
        folder: Folder to fill.
        config: Candidates and their settings.
        seed: Seed of every fit.
        workers: Where the fits run.
        advance: Called after each fold.

    Returns:
        What was found on the way.
    """
    account = FusionAccount(fused=wants_fusion(data))
    if account.fused and {"concat", "metric"} & set(config.candidates):
        account.text_weights = learn_text_weight(
            data, seed=seed, normalise=config.concat.normalise, workers=workers
        )
    names: dict[str, list[str]] = {}
    for folds in (data.folds, (data.final(),)):  # the final fit runs the epochs that served the others best
        plans = [_plan_fold(data, fold, account, config=config, seed=seed) for fold in folds]
        trained = workers.map(train_representation, (task for plan in plans for task in plan.tasks))
        for plan in plans:
            fitted = list(plan.untrained)
            for name, *_ in plan.tasks:
                result = next(trained)
                account.note(name, result)
                fitted.append(result.representation)
            for representation in fitted:
                save_state(representation.state(), folder / plan.fold, representation.name)
            names[plan.fold] = [representation.name for representation in fitted]
            advance()
    (folder / _NAMES_FILE).write_text(json.dumps(names, indent=2) + "\n", encoding="utf-8")
    return account


@dataclass(frozen=True, slots=True, eq=False)
class _FoldPlan:
    """What a fold wants: representations that need no training, and the tasks of `train_representation`."""

    fold: str
    untrained: tuple[Representation, ...]
    tasks: tuple[tuple[Any, ...], ...]


def _plan_fold(
    data: LearningData, fold: Fold, account: FusionAccount, *, config: FuseConfig, seed: int
) -> _FoldPlan:
    singles: tuple[Representation, ...] = tuple(single_representations(data.products))
    if not account.fused:
        return _FoldPlan(fold.name, singles, ())
    normaliser = fit_normaliser(data.products.take(fold.train), config.concat.normalise, seed=seed)
    concat = ConcatRepresentation(account.best_text_weight(), normaliser)
    untrained = (*singles, concat) if "concat" in config.candidates else singles
    both = fold.train[data.products.having(MODALITIES)[fold.train]]
    told_apart = len(np.unique(data.labels[both])) >= 2
    tasks = tuple(
        (name, data, fold, concat, config, seed, account.median_epochs(name))
        for name in TRAINED
        if name in config.candidates and told_apart
    )
    return _FoldPlan(fold.name, untrained, tasks)


def wants_fusion(data: LearningData) -> bool:
    """Whether enough products have both modalities for a fused head: at least two classes of them."""
    both = data.products.having(MODALITIES)
    return len(np.unique(data.labels[both])) >= 2


def representation_from_state(state: State) -> Representation:
    """Build a representation of any kind from its state.

    Raises:
        ModelError: The kind is not known to this version.
    """
    if state.kind == SingleRepresentation.kind:
        return SingleRepresentation.from_state(state)
    if state.kind == ConcatRepresentation.kind:
        return ConcatRepresentation.from_state(state)
    if state.kind == "metric":
        from smartprod.fusion.metric_learning import MetricRepresentation

        return MetricRepresentation.from_state(state)
    if state.kind in {"gated", "cross_attention"}:
        from smartprod.fusion.modality_fusion import FusionNetworkRepresentation

        return FusionNetworkRepresentation.from_state(state)
    raise ModelError(
        "SP703",
        f"no representation is called `{state.kind}`",
        fix="load the model with the version that saved it",
    )


def load_representations(folder: Path, fold: str = FINAL_FOLD) -> dict[str, Representation]:
    """Load the representations of one fold by name."""
    return {name: load_representation(folder, fold, name) for name in representation_names(folder)[fold]}


def load_representation(folder: Path, fold: str, name: str) -> Representation:
    """Load one representation of one fold."""
    return representation_from_state(load_state(folder / fold, name))


def representation_names(folder: Path) -> dict[str, list[str]]:
    """The names of the representations of every fold, the final one last."""
    names: dict[str, list[str]] = json.loads((folder / _NAMES_FILE).read_text(encoding="utf-8"))
    return names
