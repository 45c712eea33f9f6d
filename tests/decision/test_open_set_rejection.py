from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.config.learning import OpenSetConfig, OpenSetMethod
from smartprod.decision import HeadAnswers
from smartprod.decision.open_set import learn_rejection, open_set_embedding, rejection_threshold
from smartprod.fusion import Fold, LearningData
from tests.embedded_table import learning_data

METHODS = [method for method in get_args(OpenSetMethod) if method != "none"]


def answers_of(data: LearningData, head: str = "fused") -> dict[str, HeadAnswers]:
    """What an undecided head says about the held-out rows that it can answer."""
    positions = np.flatnonzero(np.isin(np.arange(len(data.rows)), data.validated()))
    odds = np.random.default_rng(0).dirichlet(np.ones(len(data.classes)), len(positions))
    return {head: HeadAnswers(np.arange(len(positions)), odds.astype(np.float32))}


@pytest.mark.parametrize(("rows", "rate"), [(19, 0.05), (60, 0.05), (99, 0.01), (500, 0.013), (40, 0.3)])
def test_rejection_rate_of_known_products_is_kept(rows, rate):
    rng = np.random.default_rng(0)
    rejected = []
    for _ in range(4_000):
        scores = rng.lognormal(size=rows + 1).astype(np.float32)
        rejected.append(scores[-1] > rejection_threshold(scores[:-1], rate))
    error = np.sqrt(rate * (1 - rate) / len(rejected))
    assert rate - 1 / (rows + 1) - 4 * error <= np.mean(rejected) <= rate + 4 * error


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=60), st.floats(0, 1))
def test_rejection_threshold_rejects_no_more_than_allowed_of_its_own_rows(values, rate):
    scores = np.asarray(values, np.float32)
    threshold = rejection_threshold(scores, rate)
    if threshold is None:
        assert (len(scores) + 1) * rate < 1 + 1e-6
    else:
        assert (scores > threshold).sum() <= (len(scores) + 1) * rate


def test_rejection_threshold_needs_enough_rows_for_the_rate():
    scores = np.arange(99, dtype=np.float32)
    assert rejection_threshold(scores, 0.01) == 98
    assert rejection_threshold(scores[:98], 0.01) is None
    assert rejection_threshold(scores, 0.0) is None
    assert rejection_threshold(scores[:0], 0.5) is None


def test_rejection_of_everything_where_that_is_asked():
    scores = np.asarray([3, 1, 2], np.float32)
    assert (scores > rejection_threshold(scores, 1.0)).all()


@pytest.mark.parametrize("method", METHODS)
def test_rejection_rejects_about_as_many_known_products_as_asked(method):
    rate = 0.1
    everything = learning_data([300] * 4, strengths=(1.0, 1.0), folds=5)
    known, fresh = np.arange(1200) % 3 == 0, np.arange(1200) % 3 != 0
    data = LearningData(
        everything.classes, everything.rows[known], everything.labels[known], everything.products.take(known),
        tuple(Fold(str(k), *(np.flatnonzero((np.arange(400) % 5 == k) == held) for held in (False, True))) for k in range(5)),
    )  # fmt: skip
    learned = learn_rejection(answers_of(data), data, OpenSetConfig(method=method, false_rejection_rate=rate))
    odds = np.random.default_rng(1).dirichlet(np.ones(4), 800).astype(np.float32)
    scores = learned.detectors["fused"].score(
        open_set_embedding(everything.products.take(fresh), "fused"), odds
    )
    assert 0.02 < (scores > learned.thresholds["fused"]).mean() < 0.12
    assert learned.rows == {"fused": 400}


def test_rejection_by_nothing_learns_nothing():
    data = learning_data([10, 10])
    learned = learn_rejection(answers_of(data), data, OpenSetConfig(method="none"))
    assert (learned.detectors, learned.thresholds) == ({}, {})


def test_rejection_with_too_few_rows_leaves_the_head_without_a_detector():
    data = learning_data([10, 10])
    learned = learn_rejection(answers_of(data), data, OpenSetConfig(false_rejection_rate=0.01))
    assert (learned.detectors, learned.thresholds, learned.rows) == ({}, {}, {"fused": 20})


def test_rejection_learns_only_from_rows_whose_class_the_fold_trained():
    data = learning_data([10, 10, 1])
    learned = learn_rejection(answers_of(data), data, OpenSetConfig(false_rejection_rate=0.1))
    assert learned.rows == {"fused": 20}


def test_rejection_looks_only_at_products_that_the_head_can_answer():
    lacking = np.arange(40) % 4 == 0
    data = learning_data([20, 20], image=~lacking)
    validated = np.flatnonzero(~lacking)
    answers = {"image": HeadAnswers(validated, np.full((30, 2), 0.5, np.float32))}
    learned = learn_rejection(answers, data, OpenSetConfig(method="knn", false_rejection_rate=0.1))
    assert learned.rows == {"image": 30}
    assert len(learned.detectors["image"].rows) == 30
