from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers import apply_temperature, fit_temperature
from smartprod.classifiers.base import log_softmax


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_is_recovered(temperature):
    rng = np.random.default_rng(0)
    true = log_softmax(rng.normal(size=(6_000, 5)) * 2)
    labels = (np.exp(true).cumsum(axis=1) < rng.random((6_000, 1))).sum(axis=1).clip(max=4)
    assert fit_temperature(true * temperature, labels) == pytest.approx(temperature, rel=0.06)


def test_temperature_without_rows_changes_nothing():
    assert fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, int)) == 1


def test_temperature_stays_within_bounds():
    answers = log_softmax(np.eye(3, dtype=np.float32) * 2)
    right, wrong = np.tile(np.arange(3), 5_000), np.tile((np.arange(3) + 1) % 3, 5_000)
    many = np.tile(answers, (5_000, 1))
    assert 0.05 <= fit_temperature(many, right) < 0.25, "always right: as sharp as makes a difference"
    assert fit_temperature(many, wrong) == pytest.approx(20, rel=0.01)


def test_temperature_of_few_rows_that_are_all_right_stays_near_one():
    answers = log_softmax(np.tile(np.eye(3, dtype=np.float32) * 5, (40, 1)))
    assert 0.7 < fit_temperature(answers, np.tile(np.arange(3), 40)) < 1


def test_temperature_keeps_order_and_sums():
    answers = log_softmax(np.random.default_rng(0).normal(size=(20, 4)))
    scaled = apply_temperature(answers, 2.5)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(np.exp(scaled).sum(axis=1), 1, rtol=1e-5)
    assert (scaled.argsort(axis=1) == answers.argsort(axis=1)).all()
