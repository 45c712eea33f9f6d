"""Gradient-boosted trees (LightGBM; Ke et al., 2017), kept in LightGBM's own text format.

The time grows with rows x features x classes. Above a bound the trees see the first principal directions of the
embeddings instead of all their dimensions: `benchmarks/train_heads.py`, docs/decisions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from smartprod.classifiers.base import (
    FitRequest,
    Fitted,
    Weighting,
    log_softmax,
    row_weights,
    spread_over_classes,
)
from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.config.learning import LightgbmConfig


_MOST_WORK = 500_000_000
"""Rows x features x classes from which on trees see principal directions only."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The first K principal directions of the training rows.

    Attributes:
        center: Their mean, float32 [D].
        matrix: Orthonormal columns, float32 [D, K].
    """

    center: np.ndarray
    matrix: np.ndarray

    def project(self, embedding: np.ndarray) -> np.ndarray:
        """Coordinates of embeddings [N, D] along the directions, float32 [N, K]."""
        return np.asarray((embedding - self.center) @ self.matrix, dtype=np.float32)

    @classmethod
    def of(cls, rows: np.ndarray, count: int) -> Directions:
        """Find the `count` directions along which training rows [N, D] vary most, for N at least `count`."""
        from scipy.linalg import eigh

        center = rows.mean(axis=0)
        centred = rows - center
        dim = rows.shape[1]
        _, vectors = eigh(centred.T @ centred, subset_by_index=[dim - count, dim - 1])
        return cls(center, np.ascontiguousarray(vectors[:, ::-1], dtype=np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class LightgbmClassifier:
    """A fitted booster.

    Attributes:
        booster: `lightgbm.Booster` with one tree per round and present class, and at least two.
        present: Class indices of its outputs, int64 [P].
        classes: Number of all classes.
        directions: What the trees see of an embedding; None for all of it.
    """

    booster: Any
    present: np.ndarray
    classes: int
    directions: Directions | None = None
    kind: ClassVar[str] = "lightgbm"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        if len(embedding) == 0:
            return np.zeros((0, self.classes), dtype=np.float32)
        seen = embedding if self.directions is None else self.directions.project(embedding)
        raw = np.asarray(self.booster.predict(seen, raw_score=True), dtype=np.float32)
        # For a single class the booster still has two outputs, and the second one means nothing.
        raw = raw.reshape(len(embedding), -1)[:, : len(self.present)]
        return spread_over_classes(log_softmax(raw), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        text = self.booster.model_to_string(num_iteration=-1)
        arrays = {"present": self.present}
        if self.directions is not None:
            arrays |= {"center": self.directions.center, "directions": self.directions.matrix}
        return State(self.kind, {"classes": self.classes}, arrays, text)

    @classmethod
    def from_state(cls, state: State) -> LightgbmClassifier:
        """Build it again from its state."""
        import lightgbm

        arrays = state.arrays
        seen = Directions(arrays["center"], arrays["directions"]) if "directions" in arrays else None
        classes = int(str(state.settings["classes"]))
        return cls(lightgbm.Booster(model_str=state.text), arrays["present"], classes, seen)


def fit_lightgbm(request: FitRequest, config: LightgbmConfig, *, weighting: Weighting) -> Fitted:
    """Boost until the validation log-loss stops falling, or for `request.rounds` rounds without validation."""
    import lightgbm

    labels = request.training.labels
    present, positions = np.unique(labels, return_inverse=True)
    parameters = {
        "objective": "multiclass",
        "num_class": max(len(present), 2),
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_rows_per_leaf,
        "feature_fraction": config.feature_fraction,
        "max_bin": 63,
        # Without it a leaf of few rows of one class among many takes so large a step that the first round is the best.
        "lambda_l2": 1.0,
        "seed": request.seed,
        "num_threads": request.threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    seen = _directions(request, len(present), config)
    embedding = request.training.embedding if seen is None else seen.project(request.training.embedding)
    training = lightgbm.Dataset(
        embedding, positions, weight=row_weights(labels, weighting), free_raw_data=True
    )
    validation = _validation_data(request, present, training, seen)
    booster = lightgbm.train(
        parameters,
        training,
        num_boost_round=config.rounds if validation is not None else (request.rounds or config.rounds),
        valid_sets=None if validation is None else [validation],
        callbacks=None if validation is None else [lightgbm.early_stopping(config.patience, verbose=False)],
    )
    rounds = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    # What is saved is what was chosen: later trees than the best are cut off.
    best = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=rounds))
    return Fitted(LightgbmClassifier(best, present.astype(np.int64), request.classes, seen), rounds)


def _directions(request: FitRequest, present: int, config: LightgbmConfig) -> Directions | None:
    rows = request.training.embedding
    if config.directions is None or rows.size * present <= _MOST_WORK or min(rows.shape) <= config.directions:
        return None
    return Directions.of(rows, config.directions)


def _validation_data(request: FitRequest, present: np.ndarray, training: Any, seen: Directions | None) -> Any:
    if request.validation is None:
        return None
    known = np.isin(request.validation.labels, present)
    if not known.any():
        return None
    positions = np.searchsorted(present, request.validation.labels[known])
    embedding = request.validation.embedding[known]
    return training.create_valid(embedding if seen is None else seen.project(embedding), positions)
