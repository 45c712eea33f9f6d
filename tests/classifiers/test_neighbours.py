from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers.base import FitRequest
from smartprod.classifiers.neighbours import fit_neighbours
from smartprod.config.learning import NeighboursConfig
from smartprod.resampling import TrainingSet
from tests.contracts.check_classifier import training


def fit(rows, *, validation=None, rounds=None, classes=3, **settings):
    request = FitRequest(rows, classes, validation=validation, rounds=rounds)
    return fit_neighbours(request, NeighboursConfig(**settings), weighting="none")


def test_neighbours_nearer_rows_have_more_to_say():
    corners = np.eye(3, dtype=np.float32)
    rows = TrainingSet(np.concatenate([corners, corners]), np.asarray([0, 1, 2, 0, 1, 2]))
    near = corners[0] + 0.2 * corners[1]
    answer = np.exp(fit(rows, neighbours=(6,), temperature=0.2).classifier.log_probabilities(near[None]))[0]
    assert answer[0] > 0.8
    assert answer[0] > answer[1] > answer[2] > 0


def test_neighbours_number_is_chosen_on_held_out_rows_and_kept_for_the_final_fit():
    noisy, held = training([40, 40, 40], strength=0.6), training([30, 30, 30], strength=0.6)
    chosen = fit(noisy, validation=held, neighbours=(1, 15), temperature=1.0)
    assert chosen.rounds == chosen.classifier.neighbours
    losses = {
        count: -fit(noisy, rounds=count, temperature=1.0)
        .classifier.log_probabilities(held.embedding)[np.arange(90), held.labels]
        .mean()
        for count in (1, 15)
    }
    assert chosen.rounds == min(losses, key=losses.__getitem__)
    assert fit(noisy, rounds=7).classifier.neighbours == 7


def test_neighbours_large_classes_are_kept_in_part():
    rows = training([50, 4, 1])
    classifier = fit(rows, rows_per_class=10).classifier
    assert np.bincount(classifier.position).tolist() == [10, 4, 1]
    assert len(np.unique(classifier.rows, axis=0)) == 15


@pytest.mark.parametrize("count", [1, 100])
def test_neighbours_may_be_fewer_than_are_asked_for(count):
    rows = training([3, 3, 3])
    answers = fit(rows, neighbours=(count,)).classifier.log_probabilities(rows.embedding)
    assert np.isfinite(answers).all()
    assert (answers.argmax(axis=1) == rows.labels).all()
