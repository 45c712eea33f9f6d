"""The arithmetic of the published ablation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from benchmarks.learning_scores import bootstrap_error, equal_mass_error, mean_and_error, pooled_macro_f1


def test_learning_scores_error_of_repeated_folds_is_larger_than_of_independent_ones() -> None:
    values = [0.80, 0.82, 0.78, 0.84, 0.76]
    mean, error = mean_and_error(values, test_to_train=0.25)
    assert mean == pytest.approx(0.8)
    assert error == pytest.approx(np.std(values, ddof=1) * np.sqrt(1 / 5 + 1 / 4))
    assert error > np.std(values, ddof=1) / np.sqrt(5)


def test_learning_scores_one_fold_has_no_error() -> None:
    assert mean_and_error([0.7], test_to_train=0.25) == (0.7, 0.0)


def test_learning_scores_pooled_macro_f1_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 9, 50), rng.integers(0, 11, 50)
    expected = f1_score(labels, predicted, average="macro", zero_division=0)
    assert pooled_macro_f1(labels, predicted) == pytest.approx(expected)


def test_learning_scores_weighted_macro_f1_is_that_of_repeated_rows() -> None:
    rng = np.random.default_rng(1)
    labels, predicted = rng.integers(0, 5, 40), rng.integers(0, 5, 40)
    weights = rng.integers(0, 3, 40)
    repeated = pooled_macro_f1(np.repeat(labels, weights), np.repeat(predicted, weights))
    assert pooled_macro_f1(labels, predicted, weights) == pytest.approx(repeated)


def test_learning_scores_bootstrap_error_falls_with_rows_and_is_zero_for_the_same_answers() -> None:
    rng = np.random.default_rng(2)
    errors = []
    for count in (100, 1_600):
        labels, groups = rng.integers(0, 4, count), np.arange(count)
        ours, theirs = (np.where(rng.random(count) < 0.8, labels, 3 - labels) for _ in range(2))
        errors.append(bootstrap_error([(labels, groups, ours, theirs)]))
        assert bootstrap_error([(labels, groups, ours, ours)]) == 0
    assert errors[0] == pytest.approx(4 * errors[1], rel=0.5)


def test_learning_scores_calibration_error_of_an_oracle_is_zero_and_of_a_braggart_its_excess() -> None:
    labels = np.arange(60) % 2
    sure = np.eye(2)[labels]
    assert equal_mass_error(sure, labels) == pytest.approx(0)
    always_first = np.tile([0.9, 0.1], (60, 1))
    assert equal_mass_error(always_first, labels) == pytest.approx(0.4, abs=0.02)
