from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from smartprod.config.learning import DecideConfig, OpenSetConfig
from smartprod.decision.learning import _open_set_thresholds
from smartprod.decision.open_set import RelativeMahalanobis, fit_relative_mahalanobis, open_set_embedding
from smartprod.state import load_state, save_state
from tests.embedded_table import embed, learning_data


def known_and_strange(strength: float = 1.5):
    embedding = embed(np.arange(260) % 6, dim=16, strength=strength, seed=0)
    strange = np.arange(260) % 6 == 5
    return embedding[~strange], (np.arange(260) % 6)[~strange], embedding[strange]


def test_open_set_separates_an_unseen_cluster():
    known, labels, strange = known_and_strange()
    train = np.arange(len(known)) % 2 == 0
    detector = fit_relative_mahalanobis(known[train], labels[train])
    scores = [detector.score(rows) for rows in (known[~train], strange)]
    truth = np.repeat([0, 1], [len(each) for each in scores])
    assert roc_auc_score(truth, np.concatenate(scores)) > 0.95


def test_open_set_scores_do_not_depend_on_length():
    known, labels, strange = known_and_strange()
    detector = fit_relative_mahalanobis(known, labels)
    np.testing.assert_allclose(detector.score(3 * strange), detector.score(strange), rtol=1e-3, atol=1e-3)


def test_open_set_round_trip_is_exact(tmp_path):
    known, labels, strange = known_and_strange()
    detector = fit_relative_mahalanobis(known, labels)
    save_state(detector.state(), tmp_path, "text")
    loaded = RelativeMahalanobis.from_state(load_state(tmp_path, "text"))
    np.testing.assert_array_equal(loaded.score(strange), detector.score(strange))


@pytest.mark.parametrize(
    ("embedding", "labels"),
    [
        (embed(np.arange(12), dim=6, strength=1.0, seed=0), np.arange(12)),
        (np.ones((6, 4), np.float32), np.asarray([0, 0, 0, 1, 1, 1])),
        (embed(np.zeros(2, int), dim=6, strength=0.0, seed=0), np.asarray([0, 1])),
        (embed(np.arange(12) % 2, dim=6, strength=1.0, seed=0), np.full(12, 4)),
    ],
    ids=["one row each", "copies of one product", "two rows", "one class"],
)
def test_open_set_without_spread_still_gives_finite_scores(embedding, labels):
    detector = fit_relative_mahalanobis(embedding, labels)
    assert np.isfinite(detector.score(embedding)).all()
    assert np.isfinite(detector.score(np.eye(embedding.shape[1], dtype=np.float32))).all()


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_open_set_rejects_about_as_many_known_products_as_asked(rate):
    data = learning_data([60] * 5, strengths=(1.0, 1.0), folds=5)
    config = DecideConfig(open_set=OpenSetConfig(false_rejection_rate=rate))
    fresh = learning_data([400] * 5, strengths=(1.0, 1.0))
    threshold = _open_set_thresholds({"fused": None}, data, config)["fused"]
    detector = fit_relative_mahalanobis(open_set_embedding(data.products, "fused"), data.labels)
    # Fresh rows around the same centres: those of the first rows of each class are other draws of one generator.
    scores = detector.score(open_set_embedding(fresh.products, "fused"))
    assert abs((scores > threshold).mean() - rate) < max(0.05, rate / 2)


def test_open_set_embedding_is_that_of_the_head():
    products = learning_data([2, 2]).products
    assert open_set_embedding(products, "image") is products.image.values
    assert open_set_embedding(products, "fused").shape[1] == sum(
        each.values.shape[1] for each in (products.image, products.text)
    )
