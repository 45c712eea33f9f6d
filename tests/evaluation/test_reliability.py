from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.evaluation.reliability import expected_calibration_error, reliability_bins


def test_reliability_calibrated_simulation_has_error_near_zero():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.2, 1.0, 50_000)
    correct = random.uniform(size=50_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.01


def test_reliability_overconfident_simulation_has_its_gap_as_error():
    random = np.random.default_rng(0)
    confidence = np.full(50_000, 0.9)
    correct = random.uniform(size=50_000) < 0.6
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.3, abs=0.01)


def test_reliability_bins_by_hand():
    bins = reliability_bins(np.array([0.1, 0.5, 0.55, 1.0]), np.array([False, True, False, True]), bins=2)
    assert [(entry.low, entry.high, entry.rows, entry.accuracy) for entry in bins] == [
        (0, 0.5, 2, 0.5),
        (0.5, 1, 2, 0.5),
    ]
    assert [entry.confidence for entry in bins] == pytest.approx([0.3, 0.775])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_reliability_bins_hold_every_row_once(answers):
    confidence = np.array([answer[0] for answer in answers])
    correct = np.array([answer[1] for answer in answers])
    bins = reliability_bins(confidence, correct)
    assert sum(entry.rows for entry in bins) == len(answers)
    assert all(entry.low - 1e-9 <= entry.confidence <= entry.high + 1e-9 for entry in bins)
    assert 0 <= expected_calibration_error(confidence, correct) <= 1


def test_reliability_without_rows_is_unknown():
    assert isnan(expected_calibration_error(np.zeros(0), np.zeros(0, bool)))
    assert reliability_bins(np.zeros(0), np.zeros(0, bool)) == []
