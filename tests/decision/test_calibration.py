from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers.base import log_softmax
from smartprod.decision.calibration import calibrator_from_state, fit_calibrator, learn_calibration
from smartprod.errors import ModelError
from smartprod.state import State, load_state, save_state

METHODS = ("none", "temperature", "vector", "isotonic")
CLASSES = 5


def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """True log-probabilities and labels drawn by them."""
    true = log_softmax(rng.normal(size=(count, CLASSES)) * 2)
    labels = (np.exp(true).cumsum(axis=1) < rng.random((count, 1))).sum(axis=1).clip(max=CLASSES - 1)
    return true, labels


def distorted(true: np.ndarray, how: str) -> np.ndarray:
    """What a badly calibrated head would say."""
    if how == "temperature":
        return log_softmax(true * 2)
    if how == "vector":
        return log_softmax(true * 1.3 + np.asarray([1.5, -1, 0.5, -0.5, 0], np.float32))
    probabilities = np.exp(true)
    return np.log((bent := np.where(probabilities > 0.5, 0.98, probabilities * 0.4)) / bent.sum(1)[:, None])


def folds(count: int) -> np.ndarray:
    return np.arange(count) % 5


@pytest.mark.parametrize("how", ["temperature", "vector", "isotonic"])
def test_calibration_auto_finds_the_method_that_fits_and_it_wins_on_new_rows(how):
    rng = np.random.default_rng(0)
    true, labels = draw(rng, 4_000)
    learned = learn_calibration(distorted(true, how), labels, folds(4_000), choice="auto")
    assert learned.calibrator.method == how
    new, truth = draw(rng, 4_000)
    before = distorted(new, how)
    rows = np.arange(4_000)
    after = learned.calibrator.apply(before)
    assert -after[rows, truth].mean() < -before[rows, truth].mean() - 0.02


def test_calibration_auto_prefers_temperature_where_the_others_are_within_noise():
    true, labels = draw(np.random.default_rng(1), 300)
    assert learn_calibration(true, labels, folds(300), choice="auto").calibrator.method == "temperature"


@pytest.mark.parametrize("choice", METHODS)
def test_calibration_a_chosen_method_is_taken_as_it_is(choice):
    true, labels = draw(np.random.default_rng(0), 200)
    learned = learn_calibration(true, labels, folds(200), choice=choice)
    assert learned.calibrator.method == choice
    assert set(learned.log_loss) == {choice}


def test_calibration_held_out_answers_do_not_come_from_a_calibrator_that_saw_them():
    true, labels = draw(np.random.default_rng(0), 200)
    fold = folds(200)
    learned = learn_calibration(true, labels, fold, choice="vector")
    changed = labels.copy()
    changed[fold == 3] = (changed[fold == 3] + 1) % CLASSES
    again = learn_calibration(true, changed, fold, choice="vector")
    np.testing.assert_array_equal(learned.log_probabilities[fold == 3], again.log_probabilities[fold == 3])
    assert not np.array_equal(learned.log_probabilities[fold != 3], again.log_probabilities[fold != 3])


@pytest.mark.parametrize("method", METHODS)
def test_calibration_sums_to_one_and_survives_impossible_classes(method):
    rng = np.random.default_rng(0)
    answers = log_softmax(rng.normal(size=(60, CLASSES)))
    answers[:, 4] = np.log(1e-12)  # a class that no row was of
    applied = fit_calibrator(method, answers, rng.integers(0, 4, 60)).apply(answers)
    assert applied.dtype == np.float32
    assert np.isfinite(applied).all()
    np.testing.assert_allclose(np.exp(applied).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_calibration_without_rows_changes_nothing(method):
    nothing = np.zeros((0, 3), np.float32)
    some = log_softmax(np.random.default_rng(0).normal(size=(4, 3)))
    for calibrator in (
        fit_calibrator(method, nothing, np.zeros(0, int)),
        learn_calibration(nothing, np.zeros(0, int), np.zeros(0, int), choice=method).calibrator,
    ):
        np.testing.assert_allclose(calibrator.apply(some), some, atol=1e-5)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_calibration_by_one_number_or_curve_never_changes_the_answer(method):
    rng = np.random.default_rng(0)
    true, labels = draw(rng, 400)
    applied = fit_calibrator(method, true, labels).apply(true)
    assert (applied.argmax(axis=1) == true.argmax(axis=1)).all()


@pytest.mark.parametrize("method", METHODS)
def test_calibration_round_trip_is_exact(method, tmp_path):
    true, labels = draw(np.random.default_rng(0), 200)
    first = fit_calibrator(method, true, labels)
    save_state(first.state(), tmp_path, "fused")
    second = calibrator_from_state(load_state(tmp_path, "fused"))
    np.testing.assert_array_equal(first.apply(true), second.apply(true))


def test_calibration_of_an_unknown_kind_is_refused():
    with pytest.raises(ModelError, match="SP657"):
        calibrator_from_state(State("rmds"))
