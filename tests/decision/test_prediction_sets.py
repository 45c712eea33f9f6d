from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision.prediction_sets import EVERY_CLASS, learn_set_threshold, prediction_sets


def draw(rng: np.random.Generator, count: int, *, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of six classes that are too sure of themselves, and labels."""
    logits = rng.normal(size=(count, 6)) * sharpness
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1).clip(max=5)
    claimed = true**2 / (true**2).sum(axis=1, keepdims=True)
    return claimed.astype(np.float32), labels


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.98])
@pytest.mark.parametrize("rows", [60, 400])
def test_prediction_sets_hold_the_true_class_as_often_as_promised(coverage, rows):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        least = learn_set_threshold(*draw(rng, rows, sharpness=1.5), coverage=coverage)
        probabilities, labels = draw(rng, 200, sharpness=1.5)
        found.append(prediction_sets(probabilities, least)[np.arange(200), labels].mean())
    assert coverage - 0.01 < np.mean(found) < coverage + 2 / rows + 0.02


def test_prediction_sets_of_too_few_rows_leave_no_class_out():
    probabilities, labels = draw(np.random.default_rng(0), 8, sharpness=1)
    least = learn_set_threshold(probabilities, labels, coverage=0.9)
    assert least == EVERY_CLASS
    assert prediction_sets(probabilities, least).all()
    assert learn_set_threshold(probabilities[:0], labels[:0], coverage=0.9) == EVERY_CLASS


def test_prediction_sets_always_hold_the_answer_and_are_empty_without_one():
    probabilities = np.asarray([[0.4, 0.35, 0.25], [0.98, 0.01, 0.01], [np.nan] * 3], np.float32)
    sets = prediction_sets(probabilities, 0.99)
    assert sets.tolist() == [[True, False, False], [True, False, False], [False, False, False]]
    assert prediction_sets(probabilities, 0.3).sum(axis=1).tolist() == [2, 1, 0]


def test_prediction_sets_hold_a_class_at_the_threshold_itself():
    probabilities, labels = draw(np.random.default_rng(0), 50, sharpness=1)
    least = learn_set_threshold(probabilities, labels, coverage=0.9)
    inside = prediction_sets(probabilities, least)[np.arange(50), labels]
    assert inside.sum() >= np.ceil(51 * 0.9)
