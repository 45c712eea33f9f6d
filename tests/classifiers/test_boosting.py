from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers import FitRequest, classifier_from_state
from smartprod.classifiers.boosting import Directions, LightgbmClassifier, fit_lightgbm
from smartprod.config.learning import LightgbmConfig
from smartprod.resampling import TrainingSet
from smartprod.state import load_state, save_state
from tests.embedded_table import embed

CONFIG = LightgbmConfig(rounds=12, min_rows_per_leaf=2, leaves=4, feature_fraction=1, directions=3)


def request(rows: int = 90) -> FitRequest:
    labels = np.arange(rows) % 3
    held = np.arange(30) % 3
    return FitRequest(
        TrainingSet(embed(labels, dim=12, strength=3, seed=0), labels),
        3,
        validation=TrainingSet(embed(held, dim=12, strength=3, seed=0), held),
    )


def fit(asked: FitRequest) -> LightgbmClassifier:
    classifier = fit_lightgbm(asked, CONFIG, weighting="none").classifier
    assert isinstance(classifier, LightgbmClassifier)
    return classifier


def test_boosting_sees_every_dimension_of_small_tables():
    assert fit(request()).directions is None


def test_boosting_of_large_work_sees_principal_directions(monkeypatch, tmp_path):
    monkeypatch.setattr("smartprod.classifiers.boosting._MOST_WORK", 90 * 12)
    asked = request()
    classifier = fit(asked)
    assert classifier.directions is not None
    assert classifier.directions.matrix.shape == (12, 3)
    answers = classifier.log_probabilities(asked.training.embedding)
    assert (answers.argmax(axis=1) == asked.training.labels).mean() > 0.9
    save_state(classifier.state(), tmp_path, "boosted")
    loaded = classifier_from_state(load_state(tmp_path, "boosted"))
    np.testing.assert_array_equal(loaded.log_probabilities(asked.training.embedding), answers)


def test_boosting_with_fewer_dimensions_than_directions_sees_them_all(monkeypatch):
    monkeypatch.setattr("smartprod.classifiers.boosting._MOST_WORK", 0)
    assert fit(request(rows=3)).directions is None


def test_boosting_directions_are_those_of_the_largest_variance():
    rows = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32) * [1, 9, 1, 3, 1] + 4
    found = Directions.of(rows.astype(np.float32), 2)
    assert np.abs(found.matrix).argmax(axis=0).tolist() == [1, 3]
    np.testing.assert_allclose(found.matrix.T @ found.matrix, np.eye(2), atol=1e-5)
    assert found.project(rows).mean(axis=0) == pytest.approx([0, 0], abs=1e-4)
