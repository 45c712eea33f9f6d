from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.costs import summarise_costs

COSTS = np.asarray([[0, 1], [9, 0]], np.float32)  # taking the second for the first is dear


def predictions(labels, probabilities):
    return HeadPredictions(
        "fused", np.arange(len(labels)), np.asarray(labels, np.int64), np.asarray(probabilities, np.float32)
    )


def test_costs_compare_the_most_probable_class_with_the_cheapest():
    found = summarise_costs(
        predictions([0, 1, 0, 0], [[0.8, 0.2], [0.6, 0.4], [0.95, 0.05], [0.99, 0.01]]), COSTS
    )
    assert (found.rows, found.changed) == (4, 0.5)
    assert (found.cost_most_probable, found.cost_chosen) == (9 / 4, 1 / 4)
    assert (found.accuracy_most_probable, found.accuracy_chosen) == pytest.approx((0.75, 0.75))


def test_costs_of_no_rows_are_unknown():
    found = summarise_costs(predictions([], np.zeros((0, 2))), COSTS)
    assert found.rows == 0
    assert isnan(found.cost_chosen)
    assert isnan(found.accuracy_chosen)
