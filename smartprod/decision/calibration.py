"""Calibration of a head: which of three methods makes its confidences mean what they say, chosen out of fold.

Temperature scaling has one number, isotonic scaling one curve, vector scaling two numbers per class. The richer ones win
where some classes are regularly taken for others, and overfit where rows are few: so the choice is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from smartprod.classifiers import apply_temperature, fit_temperature
from smartprod.decision.isotonic_scaling import apply_isotonic_scaling, fit_isotonic_scaling
from smartprod.decision.vector_scaling import apply_vector_scaling, fit_vector_scaling
from smartprod.errors import ModelError
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

CalibrationMethod = Literal["none", "temperature", "vector", "isotonic"]
CalibrationChoice = Literal["auto"] | CalibrationMethod
_COMPARED: tuple[CalibrationMethod, ...] = ("temperature", "vector", "isotonic")
_NOISE = 1.0
"""Standard errors by which another method has to beat temperature scaling."""


class Calibrator(Protocol):
    """A fitted calibration of one head."""

    @property
    def method(self) -> CalibrationMethod:
        """How it calibrates."""
        ...

    def apply(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Calibrate log-probabilities [N, C], float32 [N, C]."""
        ...

    def state(self) -> State:
        """The fitted state."""
        ...


@dataclass(frozen=True, slots=True)
class NoCalibration:
    """Leaves the confidences of a head as they are."""

    method: CalibrationMethod = "none"

    def apply(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Normalise log-probabilities [N, C], float32 [N, C]."""
        return apply_temperature(log_probabilities, 1.0)

    def state(self) -> State:
        """The fitted state."""
        return State(self.method)


@dataclass(frozen=True, slots=True)
class TemperatureScaling:
    """Divides by one temperature (Guo et al., 2017)."""

    temperature: float
    method: CalibrationMethod = "temperature"

    def apply(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Calibrate log-probabilities [N, C], float32 [N, C]."""
        return apply_temperature(log_probabilities, self.temperature)

    def state(self) -> State:
        """The fitted state."""
        return State(self.method, {"temperature": self.temperature})


@dataclass(frozen=True, slots=True, eq=False)
class VectorScaling:
    """Weighs and shifts each class (Guo et al., 2017); weights and biases are float32 [C]."""

    weights: np.ndarray
    biases: np.ndarray
    method: CalibrationMethod = "vector"

    def apply(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Calibrate log-probabilities [N, C], float32 [N, C]."""
        return apply_vector_scaling(log_probabilities, self.weights, self.biases)

    def state(self) -> State:
        """The fitted state."""
        return State(self.method, arrays={"weights": self.weights, "biases": self.biases})


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicScaling:
    """Bends all probabilities by one rising curve (Zhang et al., 2020); knots and values are float64 [K]."""

    knots: np.ndarray
    values: np.ndarray
    method: CalibrationMethod = "isotonic"

    def apply(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Calibrate log-probabilities [N, C], float32 [N, C]."""
        return apply_isotonic_scaling(log_probabilities, self.knots, self.values)

    def state(self) -> State:
        """The fitted state."""
        return State(self.method, arrays={"knots": self.knots, "values": self.values})


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedAnswers:
    """A calibrator, and what it does to the held-out answers that it was learned from.

    Attributes:
        calibrator: Fitted on all held-out rows, for use.
        log_probabilities: The held-out answers, each calibrated without its own fold, float32 [M, C]. Thresholds are
            learned from these: a row that a curve was bent to would look surer than a new one.
        log_loss: Out-of-fold log-loss of each method that was compared.
    """

    calibrator: Calibrator
    log_probabilities: np.ndarray
    log_loss: Mapping[CalibrationMethod, float]


def fit_calibrator(
    method: CalibrationMethod, log_probabilities: np.ndarray, labels: np.ndarray
) -> Calibrator:
    """Fit one method on held-out answers, float32 [M, C], and their class indices, int64 [M]."""
    if method == "vector":
        return VectorScaling(*fit_vector_scaling(log_probabilities, labels))
    if method == "isotonic":
        return IsotonicScaling(*fit_isotonic_scaling(log_probabilities, labels))
    if method == "temperature":
        return TemperatureScaling(fit_temperature(log_probabilities, labels))
    return NoCalibration()


def learn_calibration(
    log_probabilities: np.ndarray, labels: np.ndarray, folds: np.ndarray, *, choice: CalibrationChoice
) -> CalibratedAnswers:
    """Calibrate a head on held-out rows.

    `auto` compares the methods by cross-fitting: no row judges a calibrator that has seen its fold. Another one than
    temperature scaling is taken where its mean log-loss is lower by more than one standard error of the difference.

    Args:
        log_probabilities: Held-out answers, float32 [M, C].
        labels: Class indices, int64 [M].
        folds: Fold of each row, int64 [M]; rows that belong together share one.
        choice: The method, or `auto`.
    """
    methods = _COMPARED if choice == "auto" else (choice,)
    calibrated = {method: _cross_fitted(method, log_probabilities, labels, folds) for method in methods}
    rows = np.arange(len(labels))
    losses = {method: -each[rows, labels].astype(np.float64) for method, each in calibrated.items()}
    best = _best(losses) if choice == "auto" else choice
    return CalibratedAnswers(
        fit_calibrator(best, log_probabilities, labels),
        calibrated[best],
        {method: float(loss.mean()) if len(loss) else float("nan") for method, loss in losses.items()},
    )


def calibrator_from_state(state: State) -> Calibrator:
    """Build a calibrator from its state.

    Raises:
        ModelError: (SP657) The state is not a calibrator's.
    """
    if state.kind == "vector":
        return VectorScaling(state.arrays["weights"], state.arrays["biases"])
    if state.kind == "isotonic":
        return IsotonicScaling(state.arrays["knots"], state.arrays["values"])
    if state.kind == "temperature":
        return TemperatureScaling(float(str(state.settings["temperature"])))
    if state.kind == "none":
        return NoCalibration()
    raise ModelError(
        "SP657",
        f"the saved calibration `{state.kind}` is unknown",
        fix="use the version of smartprod that saved the model, or train again",
    )


def cross_fit_folds(folds: np.ndarray) -> np.ndarray:
    """Folds to calibrate by: those of the held-out rows, int64 [M], or five random ones where all rows share one."""
    if len(np.unique(folds)) > 1:
        return folds
    return np.random.default_rng(0).integers(0, 5, len(folds))


def _cross_fitted(
    method: CalibrationMethod, log_probabilities: np.ndarray, labels: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """Calibrate each fold by what the other folds say, float32 [M, C]."""
    calibrated = np.empty_like(log_probabilities)
    for fold in np.unique(folds):
        held = folds == fold
        calibrator = fit_calibrator(method, log_probabilities[~held], labels[~held])
        calibrated[held] = calibrator.apply(log_probabilities[held])
    return calibrated


def _best(losses: Mapping[CalibrationMethod, np.ndarray]) -> CalibrationMethod:
    """Temperature scaling, or what beats it by more than noise."""
    best: CalibrationMethod = "temperature"
    for method, loss in losses.items():
        gain = losses["temperature"] - loss
        noise = _NOISE * gain.std() / max(np.sqrt(len(gain)), 1)
        if len(gain) and gain.mean() > noise and loss.mean() < losses[best].mean():
            best = method
    return best
