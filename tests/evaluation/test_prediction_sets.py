from __future__ import annotations

import numpy as np
import pytest

from smartprod.evaluation.prediction_sets import score_sets, set_line


def test_prediction_sets_are_scored_on_answered_rows_of_learned_categories():
    sets = np.asarray([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0]], bool)
    scores = score_sets(sets, np.asarray([0, 1, 0, 0, -1]), promised=0.9)
    assert (scores.rows, scores.covered, scores.size, scores.single) == pytest.approx(
        (3, 2 / 3, 5 / 3, 1 / 3)
    )
    assert set_line(scores).startswith("prediction sets: 66.7% of 3 test rows")
    assert "promised: 90%" in set_line(scores)


def test_prediction_sets_without_an_answered_row_have_no_score():
    assert score_sets(np.zeros((2, 3), bool), np.asarray([0, 1]), promised=0.9) is None
