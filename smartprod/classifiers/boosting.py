"""Gradient-boosted trees (LightGBM; Ke et al., 2017), kept in LightGBM's own text format."""

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


@dataclass(frozen=True, slots=True, eq=False)
class LightgbmClassifier:
    """A fitted booster.

    Attributes:
        booster: `lightgbm.Booster` with one tree per round and present class, and at least two.
        present: Class indices of its outputs, int64 [P].
        classes: Number of all classes.
    """

    booster: Any
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "lightgbm"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        if len(embedding) == 0:
            return np.zeros((0, self.classes), dtype=np.float32)
        raw = np.asarray(self.booster.predict(embedding, raw_score=True), dtype=np.float32)
        # For a single class the booster still has two outputs, and the second one means nothing.
        raw = raw.reshape(len(embedding), -1)[:, : len(self.present)]
        return spread_over_classes(log_softmax(raw), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        text = self.booster.model_to_string(num_iteration=-1)
        return State(self.kind, {"classes": self.classes}, {"present": self.present}, text)

    @classmethod
    def from_state(cls, state: State) -> LightgbmClassifier:
        """Build it again from its state."""
        import lightgbm

        return cls(
            lightgbm.Booster(model_str=state.text),
            state.arrays["present"],
            int(str(state.settings["classes"])),
        )


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
        "seed": request.seed,
        "num_threads": request.threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    training = lightgbm.Dataset(
        request.training.embedding, positions, weight=row_weights(labels, weighting), free_raw_data=True
    )
    validation = _validation_data(request, present, training)
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
    return Fitted(LightgbmClassifier(best, present.astype(np.int64), request.classes), rounds)


def _validation_data(request: FitRequest, present: np.ndarray, training: Any) -> Any:
    if request.validation is None:
        return None
    known = np.isin(request.validation.labels, present)
    if not known.any():
        return None
    positions = np.searchsorted(present, request.validation.labels[known])
    return training.create_valid(request.validation.embedding[known], positions)
