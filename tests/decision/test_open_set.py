from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from smartprod.config.learning import OpenSetConfig, OpenSetMethod
from smartprod.decision.open_set import detector_from_state, fit_detector, open_set_embedding
from smartprod.decision.open_set.neighbours import fit_nearest_neighbours
from smartprod.errors import ModelError
from smartprod.state import State
from tests.contracts.check_open_set import check_open_set
from tests.embedded_table import embed, learning_data

METHODS = [method for method in get_args(OpenSetMethod) if method != "none"]
ON_EMBEDDINGS = [method for method in METHODS if method != "max_softmax"]
NOTHING = np.zeros((0, 0), np.float32)


def fit(method: str, embedding: np.ndarray, labels: np.ndarray):
    return fit_detector(OpenSetConfig(method=method), embedding, labels)


@pytest.mark.parametrize("method", METHODS)
def test_open_set_contract_is_kept(method, tmp_path):
    check_open_set(lambda embedding, labels: fit(method, embedding, labels), tmp_path)


@pytest.mark.parametrize("method", ON_EMBEDDINGS)
def test_open_set_separates_an_unseen_cluster(method):
    number = np.arange(390) % 6
    embedding = embed(number, dim=16, strength=1.5, seed=0)
    strange, train = number == 5, np.arange(390) < 200
    detector = fit(method, embedding[train & ~strange], number[train & ~strange])
    scores = detector.score(embedding[~train], NOTHING)
    assert roc_auc_score(strange[~train], scores) > 0.85


def test_open_set_by_softmax_is_how_unsure_the_head_is():
    scores = fit("max_softmax", NOTHING, NOTHING).score(
        NOTHING, np.asarray([[0.75, 0.25], [0.5, 0.5]], np.float32)
    )
    assert scores.tolist() == [-0.75, -0.5]


@pytest.mark.parametrize("method", ["rmds", "mahalanobis", "knn"])
def test_open_set_scores_by_distance_do_not_depend_on_length(method):
    labels = np.arange(120) % 5
    embedding = embed(labels, dim=16, strength=1.5, seed=0)
    detector = fit(method, embedding, labels)
    longer, same = (detector.score(scale * embedding, NOTHING) for scale in (3, 1))
    np.testing.assert_allclose(longer, same, rtol=1e-3, atol=1e-3)


def test_open_set_by_neighbours_is_one_less_the_cosine_with_the_kth():
    rows = np.asarray([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    for neighbours, expected in ((1, 0.0), (2, 0.4), (3, 1.0), (9, 1.0)):
        detector = fit_nearest_neighbours(rows, np.zeros(3, int), neighbours=neighbours, rows_per_class=9)
        assert detector.score(rows[:1], NOTHING)[0] == pytest.approx(expected, abs=1e-3)


def test_open_set_by_neighbours_keeps_the_stated_rows_of_each_class():
    labels = np.repeat([0, 2, 5], [40, 3, 9])
    rows = np.arange(1, 53, dtype=np.float32)[:, None] * [[0.0, 1.0]] + [[1.0, 0.0]]
    detector = fit_nearest_neighbours(rows.astype(np.float32), labels, neighbours=1, rows_per_class=5)
    again = fit_nearest_neighbours(rows.astype(np.float32), labels, neighbours=1, rows_per_class=5)
    np.testing.assert_array_equal(detector.rows, again.rows)
    row = np.rint(detector.rows[:, 1] / detector.rows[:, 0]).astype(int)  # float16: near
    assert len(row) == 5 + 3 + 5
    assert (np.diff(row) >= 0).all()


def test_open_set_embedding_is_that_of_the_head():
    products = learning_data([2, 2]).products
    assert open_set_embedding(products, "image") is products.image.values
    assert open_set_embedding(products, "fused").shape[1] == sum(
        each.values.shape[1] for each in (products.image, products.text)
    )


def test_open_set_unknown_detector_is_refused():
    with pytest.raises(ModelError, match="oracle") as caught:
        detector_from_state(State("oracle"))
    assert caught.value.code == "SP660"
