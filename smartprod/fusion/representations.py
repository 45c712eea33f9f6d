"""All representations of all folds: fitting them, and their folder."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from smartprod.state import State, load_state, save_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smartprod.config.learning import FuseConfig, FusionNetworkConfig
    from smartprod.fusion.products import ProductEmbeddings
    from smartprod.fusion.quality import RetrievalQuality


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


def fit_representations(
    data: LearningData,
    folder: Path,
    *,
    config: FuseConfig,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> FusionAccount:
    """Fit every representation on every fold and on all rows, and save them under `folder/<fold>/<name>`.

    Args:
        data: Labelled products with folds.
        folder: Folder to fill.
        config: Candidates and their settings.
        seed: Seed of every fit.
        advance: Called after each fold.

    Returns:
        What was found on the way.
    """
    account = FusionAccount(fused=wants_fusion(data))
    if account.fused and {"concat", "metric"} & set(config.candidates):
        account.text_weights = learn_text_weight(data, seed=seed, normalise=config.concat.normalise)
    names: dict[str, list[str]] = {}
    for fold in (*data.folds, data.final()):
        fitted: list[Representation] = list(single_representations(data.products))
        if account.fused:
            fitted += _fused_representations(data, fold, account, config=config, seed=seed)
        for representation in fitted:
            save_state(representation.state(), folder / fold.name, representation.name)
        names[fold.name] = [representation.name for representation in fitted]
        advance()
    (folder / "representations.json").write_text(json.dumps(names, indent=2) + "\n", encoding="utf-8")
    return account


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
    names = json.loads((folder / "representations.json").read_text(encoding="utf-8"))
    return {name: representation_from_state(load_state(folder / fold, name)) for name in names[fold]}


def _fused_representations(
    data: LearningData, fold: Fold, account: FusionAccount, *, config: FuseConfig, seed: int
) -> list[Representation]:
    normaliser = fit_normaliser(data.products.take(fold.train), config.concat.normalise, seed=seed)
    concat = ConcatRepresentation(account.best_text_weight(), normaliser)
    fitted: list[Representation] = [concat] if "concat" in config.candidates else []
    both = data.products.having(MODALITIES)
    train, validation = fold.train[both[fold.train]], fold.validation[both[fold.validation]]
    if len(np.unique(data.labels[train])) < 2:
        return fitted
    if "metric" in config.candidates:
        fitted.append(_fit_metric(data, train, validation, concat, account, config=config, seed=seed))
    networks: dict[str, FusionNetworkConfig] = {
        "gated": config.gated,
        "cross_attention": config.cross_attention,
    }
    for name, settings in networks.items():
        if name in config.candidates:
            fitted.append(_fit_network(name, data, fold, validation, account, config=settings, seed=seed))
    return fitted


def _fit_metric(
    data: LearningData,
    train: np.ndarray,
    validation: np.ndarray,
    concat: ConcatRepresentation,
    account: FusionAccount,
    *,
    config: FuseConfig,
    seed: int,
) -> Representation:
    from smartprod.fusion.metric_learning import fit_metric
    from smartprod.fusion.quality import retrieval_quality

    products, labels = data.products.take(train), data.labels[train]
    held = _validation_set(data, validation, trained=labels)
    metric, history = fit_metric(
        concat,
        products,
        labels,
        config=config.metric,
        seed=seed,
        validation=held,
        epochs=account.median_epochs("metric") if held is None else None,
    )
    if held is not None:
        account.epochs.setdefault("metric", []).append(history.best_epoch)
        for representation, qualities in ((concat, account.before), (metric, account.after)):
            qualities.append(
                retrieval_quality(
                    representation.embed(held[0]), held[1], representation.embed(products), labels
                )
            )
    return metric


def _fit_network(
    name: str,
    data: LearningData,
    fold: Fold,
    validation: np.ndarray,
    account: FusionAccount,
    *,
    config: FusionNetworkConfig,
    seed: int,
) -> Representation:
    from smartprod.fusion.modality_fusion import fit_fusion_network

    held = _validation_set(data, validation, trained=data.labels[fold.train])
    fused, history = fit_fusion_network(
        data.products.take(fold.train),
        data.labels[fold.train],
        config=config,
        seed=seed,
        validation=held,
        epochs=account.median_epochs(name) if held is None else None,
    )
    if held is not None:
        account.epochs.setdefault(name, []).append(history.best_epoch)
    return fused


def _validation_set(
    data: LearningData, validation: np.ndarray, *, trained: np.ndarray
) -> tuple[ProductEmbeddings, np.ndarray] | None:
    """The held-out rows whose classes were trained: no training can be judged by what it has never seen."""
    validation = validation[np.isin(data.labels[validation], trained)]
    if len(validation) == 0:
        return None
    return data.products.take(validation), data.labels[validation]
