from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from smartprod.evaluation.metrics import head_metrics, log_loss, top_k_accuracy, wilson_interval


@pytest.mark.parametrize("classes", [2, 7, 40])
def test_metrics_agree_with_scikit_learn(make_head, classes):
    labels = np.random.default_rng(1).integers(0, classes, 300)
    head = make_head("any", labels, classes=classes, strength=1.5, seed=2)
    scores = head_metrics(head.labels, head.probabilities)
    predicted = head.probabilities.argmax(axis=1)
    assert scores.accuracy == pytest.approx(reference.accuracy_score(labels, predicted))
    assert scores.macro_f1 == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert scores.weighted_f1 == pytest.approx(reference.f1_score(labels, predicted, average="weighted"))
    double = head.probabilities.astype(np.float64)
    expected = reference.log_loss(labels, double / double.sum(axis=1, keepdims=True), labels=range(classes))
    assert scores.log_loss == pytest.approx(expected, rel=1e-5)
    if classes > 5:
        expected = reference.top_k_accuracy_score(labels, double, k=5, labels=range(classes))
        assert scores.top5 == pytest.approx(expected)


def test_metrics_by_hand():
    labels = np.array([0, 0, 1, 2])
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]], np.float32)
    scores = head_metrics(labels, probabilities)
    assert scores.accuracy == 0.5
    # class 0: 1 right of 2 answers and 2 rows; class 1: 1 right of 2 answers and 1 row; class 2: never answered
    assert scores.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert scores.weighted_f1 == pytest.approx((2 * 1 / 2 + 1 * 2 / 3 + 0) / 4)
    assert scores.log_loss == pytest.approx(-np.log([0.5, 0.2, 0.8, 0.1]).mean(), rel=1e-5)
    assert scores.mean_confidence == pytest.approx(0.65)
    assert top_k_accuracy(labels, probabilities, k=2) == 0.75


def test_metrics_of_no_rows_are_null_in_json():
    scores = head_metrics(np.zeros(0, np.int64), np.zeros((0, 3), np.float32))
    assert scores.rows == 0
    assert isnan(scores.accuracy)
    assert set(scores.as_dict().values()) == {0, None}


def test_metrics_of_one_class_are_perfect():
    scores = head_metrics(np.zeros(4, np.int64), np.ones((4, 1), np.float32))
    assert (scores.accuracy, scores.top5, scores.macro_f1, scores.log_loss, scores.ece) == (1, 1, 1, 0, 0)


def test_metrics_probability_of_zero_gives_finite_log_loss():
    value = log_loss(np.array([1]), np.array([[1.0, 0.0]], np.float32))
    assert 10 < value < 20


def test_metrics_equal_probabilities_rank_the_lower_index_first_like_argmax():
    probabilities = np.full((3, 3), 1 / 3, np.float32)
    labels = np.array([0, 1, 2])
    assert top_k_accuracy(labels, probabilities, k=1) == pytest.approx(1 / 3)
    assert top_k_accuracy(labels, probabilities, k=2) == pytest.approx(2 / 3)


@given(st.integers(1, 500), st.data())
def test_metrics_wilson_interval_contains_the_share(count, data):
    successes = data.draw(st.integers(0, count))
    low, high = wilson_interval(successes, count)
    assert 0 <= low <= successes / count + 1e-12
    assert successes / count - 1e-12 <= high <= 1


def test_metrics_wilson_interval_known_value():
    low, high = wilson_interval(81, 263)  # the worked example of Newcombe, 1998
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
