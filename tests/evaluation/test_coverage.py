from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.evaluation.coverage import coverage_curve

answers = st.lists(
    st.tuples(st.sampled_from([0.1, 0.4, 0.7, 0.9, 1.0]), st.booleans()), min_size=1, max_size=60
)


def test_coverage_by_hand():
    curve = coverage_curve(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True]))
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.accuracy == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert curve.aurc == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert curve.coverage_at(0.95) == 0.5
    assert curve.coverage_at(0.75) == 1.0
    assert curve.at_threshold(0.65) == pytest.approx((0.75, 2 / 3))


def test_coverage_rows_of_equal_confidence_enter_together():
    curve = coverage_curve(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    assert curve.coverage == pytest.approx([1 / 3, 1])
    assert curve.coverage_at(1.0) == pytest.approx(1 / 3)


def test_coverage_no_accuracy_reached_keeps_nothing():
    curve = coverage_curve(np.array([0.9, 0.5]), np.array([False, False]))
    assert curve.coverage_at(0.9) == 0.0
    share, accuracy = curve.at_threshold(0.95)
    assert share == 0.0
    assert isnan(accuracy)


def test_coverage_without_rows_is_empty():
    curve = coverage_curve(np.zeros(0), np.zeros(0, bool))
    assert len(curve.coverage) == 0
    assert isnan(curve.aurc)
    assert curve.coverage_at(0.9) == 0.0


@given(answers)
def test_coverage_rises_while_threshold_falls_and_ends_at_all_rows(given_answers):
    confidence = np.array([answer[0] for answer in given_answers])
    correct = np.array([answer[1] for answer in given_answers])
    curve = coverage_curve(confidence, correct)
    assert (np.diff(curve.coverage) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()
    assert curve.coverage[-1] == pytest.approx(1.0)
    assert curve.accuracy[-1] == pytest.approx(correct.mean())
    assert 0 <= curve.aurc <= 1
    stricter = [curve.coverage_at(target) for target in (0.5, 0.9, 1.0)]
    assert stricter == sorted(stricter, reverse=True)


@given(answers, st.randoms(use_true_random=False))
def test_coverage_does_not_depend_on_the_order_of_rows(given_answers, random):
    shuffled = random.sample(given_answers, len(given_answers))
    first, second = (
        coverage_curve(np.array([a[0] for a in rows]), np.array([a[1] for a in rows]))
        for rows in (given_answers, shuffled)
    )
    assert first.accuracy == pytest.approx(second.accuracy)
    assert first.aurc == pytest.approx(second.aurc)


def test_coverage_area_above_a_perfect_order_is_zero_where_all_right_answers_come_first():
    perfect = coverage_curve(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, True, False]))
    assert perfect.aurc == pytest.approx(1 / 16)
    assert perfect.e_aurc == pytest.approx(0)
    worst = coverage_curve(np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, True, True, True]))
    assert worst.e_aurc == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4 - 1 / 16)
