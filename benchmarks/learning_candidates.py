"""The candidates of `learning.py`: plain scikit-learn on the embeddings, and the variants of smartprod's own procedure.

Everything is fitted on the learned rows of one division: block weights, projections, temperatures and the choice among
candidates look at inner folds of those rows, as in a user's run.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from baseline_embeddings import first_encoder, side_by_side
from learning_scores import Answers
from learning_sets import LearningSet, inner_split

from smartprod.classifiers.base import LOG_FLOOR, log_softmax
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.config import load_config
from smartprod.config.learning import ClassifierKind, FusionKind, MetricLearningConfig
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import LearningData, ProductEmbeddings, load_learning_data

BASELINE = "baseline"
_BOTH = "both"
_TEMPERATURE_FOLDS = 2
_SPEED_ROWS = 1_024


@dataclass(frozen=True, slots=True)
class Variant:
    """smartprod's procedure with another configuration.

    Attributes:
        name: Shown before the names of its candidates; empty for the defaults.
        overrides: `key=value` settings.
        representations: Those that its classifiers see, where a set has image and text; empty for all.
        inner_folds: Inner folds that validate; None for all.
        repeats: Repeats of the outer folds that it takes part in; None for all.
    """

    name: str = ""
    overrides: tuple[str, ...] = ()
    representations: tuple[str, ...] = ()
    inner_folds: int | None = None
    repeats: int | None = None

    @property
    def fuses(self) -> bool:
        """Whether it differs from the defaults in the fuse stage, which a set without text does not need."""
        return any(override.startswith("fuse.") for override in self.overrides)


def variants() -> list[Variant]:
    """The defaults, and what else the configuration offers: kinds and losses that are no default come in by themselves."""
    config = load_config("demo").config
    found = [Variant()]
    for kind in get_args(ClassifierKind):
        if kind not in config.classifier.candidates:
            settings = (f"classifier.candidates=[{kind}]",)
            slow = kind == "lightgbm"
            seen = ("concat",) if slow else ("concat", "metric")
            found.append(Variant(kind, settings, seen, inner_folds=1 if slow else 2, repeats=1))
    for kind in get_args(FusionKind):
        if kind not in config.fuse.candidates:
            found.append(Variant(kind, (f"fuse.candidates=[{kind}]",), (kind,), inner_folds=2, repeats=1))
    short = "classifier.candidates=[logistic, prototype]"
    for loss in get_args(MetricLearningConfig.model_fields["loss"].annotation):
        if loss != config.fuse.metric.loss:
            settings = ("fuse.candidates=[metric]", f"fuse.metric.loss={loss}", short)
            found.append(Variant(loss, settings, ("metric",), inner_folds=2, repeats=1))
    for name, override in (
        ("weights balanced", "classifier.class_weight=balanced"),
        ("weights sqrt", "classifier.class_weight=sqrt"),
        ("weights none", "classifier.class_weight=none"),
        ("random_over", "resample.method=random_over"),
        ("smote", "resample.method=smote"),
    ):
        settings = (override, "classifier.candidates=[logistic, mlp]")
        found.append(Variant(name, settings, ("concat",), inner_folds=2, repeats=1))
    probe = ("classifier.mlp.hidden=0", "classifier.candidates=[mlp]")
    found.append(Variant("linear probe", probe, ("concat",), inner_folds=2, repeats=1))
    return found


@dataclass(frozen=True, slots=True)
class PlainGroup:
    """Some plain models.

    Attributes:
        name: `baseline` or `plain`.
        models: The models for a set's modalities, by name: the block they see, and how to make one.
        repeats: Repeats of the outer folds that they take part in; None for all.
    """

    name: str
    models: Callable[[Sequence[str]], dict[str, tuple[str, Callable[[], Any]]]]
    repeats: int | None = None


def plain_groups() -> list[PlainGroup]:
    """The baseline on everything and on each modality, and other models of scikit-learn."""
    return [PlainGroup(BASELINE, _baselines), PlainGroup("plain", _others, repeats=1)]


def _baselines(modalities: Sequence[str]) -> dict[str, tuple[str, Callable[[], Any]]]:
    models: dict[str, tuple[str, Callable[[], Any]]] = {BASELINE: (_BOTH, lambda: _logistic(30))}
    if len(modalities) > 1:
        models |= {f"{BASELINE}, {each} only": (each, lambda: _logistic(30)) for each in modalities}
    return models


def _others(modalities: Sequence[str]) -> dict[str, tuple[str, Callable[[], Any]]]:
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    del modalities
    return {
        "plain: standardised, logistic": (_BOTH, lambda: make_pipeline(StandardScaler(), _logistic(0.03))),
        "plain: PCA-whitened, logistic": (
            _BOTH,
            lambda: make_pipeline(PCA(0.9, whiten=True, svd_solver="full"), _logistic(0.1)),
        ),
        "plain: LDA with shrinkage": (
            _BOTH,
            lambda: make_pipeline(
                PCA(0.95, svd_solver="full"), LinearDiscriminantAnalysis("lsqr", shrinkage="auto")
            ),
        ),
        "plain: 10 nearest": (_BOTH, lambda: KNeighborsClassifier(10, weights="distance", metric="cosine")),
    }


def _logistic(C: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, class_weight="balanced", max_iter=1000)


def ask_plain(
    data: LearningSet, group: PlainGroup, learned: np.ndarray, judged: np.ndarray
) -> Iterator[Answers]:
    """Fit and ask every model of a group; its temperature comes from two inner folds."""
    learning = load_learning(data, inner_split(data, learned))
    judge = data.products.take(judged)
    for name, (block, make) in group.models(data.modalities).items():
        inside, outside = _block(learning.products, block), _block(judge, block)
        logs, truth = [], []
        for fold in learning.folds[:_TEMPERATURE_FOLDS]:
            model = _fit(make(), inside[fold.train], learning.labels[fold.train])
            logs.append(_log_probabilities(model, inside[fold.validation], len(learning.classes)))
            truth.append(learning.labels[fold.validation])
        start = time.perf_counter()
        model = _fit(make(), inside, learning.labels)
        seconds = time.perf_counter() - start
        raw = _log_probabilities(model, outside, len(learning.classes))
        temperature = fit_temperature(np.concatenate(logs), np.concatenate(truth))
        rate = speed(lambda rows, model=model: model.predict_proba(rows), outside)
        yield Answers(
            name,
            spread(raw, learning, data),
            spread(apply_temperature(raw, temperature), learning, data),
            seconds,
            rate,
        )


def load_learning(data: LearningSet, split: Any) -> LearningData:
    """The labelled rows of the train and val parts of a split."""
    store = EmbeddingStore(store_folder(data.config))
    return load_learning_data(data.artefacts["embedding_index"], split, store)


def _block(products: ProductEmbeddings, block: str) -> np.ndarray:
    if block == _BOTH:
        return side_by_side(products)
    return first_encoder(products.modality(block))  # type: ignore[arg-type]


def _fit(model: Any, embedding: np.ndarray, labels: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(embedding, labels)


def _log_probabilities(model: Any, embedding: np.ndarray, classes: int) -> np.ndarray:
    full = np.full((len(embedding), classes), LOG_FLOOR, dtype=np.float32)
    full[:, model.classes_] = np.log(np.maximum(model.predict_proba(embedding), np.exp(LOG_FLOOR)))
    return log_softmax(full)


def spread(logs: np.ndarray, learning: LearningData, data: LearningSet) -> np.ndarray:
    """From the learned classes to all classes of the set, [N, C]."""
    full = np.full((len(logs), len(data.classes)), LOG_FLOOR, dtype=np.float32)
    full[:, np.searchsorted(data.classes, learning.classes)] = logs
    return log_softmax(full)


def speed(ask: Callable[[Any], object], rows: Any) -> float:
    """Rows per second of the better of two calls with about 1,024 rows."""
    positions = np.resize(np.arange(len(rows)), max(_SPEED_ROWS, len(rows)))
    many = rows[positions] if isinstance(rows, np.ndarray) else rows.take(positions)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        ask(many)
        seconds.append(time.perf_counter() - start)
    return len(positions) / min(seconds)
