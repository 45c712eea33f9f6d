from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from smartprod.config.learning import (
    CrossAttentionConfig,
    FuseConfig,
    GatedConfig,
    MetricLearningConfig,
    MetricLoss,
)
from smartprod.fusion import LearningData, load_representations
from smartprod.fusion.block_weights import TEXT_WEIGHTS, learn_text_weight
from smartprod.fusion.metric_learning import fit_metric
from smartprod.fusion.modality_fusion import fit_fusion_network
from smartprod.fusion.quality import retrieval_quality
from smartprod.fusion.representation import ConcatRepresentation
from smartprod.fusion.representations import fit_representations, wants_fusion
from tests.embedded_table import learning_data

SIZES = [20, 20, 20, 20, 20]
QUICK = FuseConfig(
    metric=MetricLearningConfig(hidden=0, dim=4, epochs=2),
    gated=GatedConfig(dim=4, epochs=2),
    cross_attention=CrossAttentionConfig(dim=4, epochs=2),
)


def best(weights: dict[float, float]) -> float:
    return min(weights, key=weights.__getitem__)


def test_block_weights_prefer_the_informative_block():
    assert best(learn_text_weight(learning_data(SIZES, strengths=(0.0, 1.5)), seed=0)) >= 2
    assert best(learn_text_weight(learning_data(SIZES, strengths=(1.5, 0.0)), seed=0)) == 0.5


def test_block_weights_are_measured_with_two_classes_and_clear_cases():
    losses = learn_text_weight(learning_data([30, 30], strengths=(50.0, 50.0)), seed=0)
    assert tuple(losses) == TEXT_WEIGHTS
    assert np.isfinite(list(losses.values())).all()


def test_block_weights_without_a_fold_that_can_tell_are_unknown():
    alone = learning_data([3, 3], image=np.arange(6) < 3)
    assert learn_text_weight(alone, seed=0) == {}


def test_quality_counts_the_nearest_row_of_the_class():
    reference, labels = np.eye(4, dtype=np.float32), np.asarray([0, 0, 1, 2])
    query = np.asarray([[1, 0.5, 0, 0], [0, 0, 1, 0], [0.6, 0.5, 0.55, 0]], dtype=np.float32)
    quality = retrieval_quality(query, np.asarray([0, 1, 0]), reference, labels)
    assert quality.precision_at_1 == 1
    # The third query finds rows of the classes 0, 1: average precision at R = 2 is 1/2.
    assert quality.map_at_r == pytest.approx((1 + 1 + 0.5) / 3)


@pytest.mark.parametrize("loss", get_args(MetricLoss))
def test_metric_learning_raises_map_at_r(loss):
    data = learning_data([40] * 5, strengths=(1.5, 0.0))  # half of what is concatenated is noise
    concat, fold = ConcatRepresentation(1.0), data.folds[0]
    train, held = data.products.take(fold.train), data.products.take(fold.validation)
    labels, held_labels = data.labels[fold.train], data.labels[fold.validation]
    config = MetricLearningConfig(loss=loss, epochs=20, hidden=0, dim=8, learning_rate=1e-2, batch_size=20)
    metric, history = fit_metric(concat, train, labels, config=config, seed=0, validation=(held, held_labels))
    before, after = (
        retrieval_quality(each.embed(held), held_labels, each.embed(train), labels).map_at_r
        for each in (concat, metric)
    )
    assert after > before + 0.05
    assert after == max(history.scores) == history.scores[history.best_epoch - 1]
    np.testing.assert_allclose(np.linalg.norm(metric.embed(held), axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("section", [GatedConfig, CrossAttentionConfig])
def test_fusion_networks_learn_from_either_modality(section):
    present = np.arange(100) % 4
    data = learning_data(SIZES, image=present != 1, text=present != 2)
    fused, history = fit_fusion_network(
        data.products,
        data.labels,
        config=section(dim=16, epochs=25, batch_size=20, learning_rate=1e-2),
        seed=0,
    )
    assert history.losses[-1] < 0.5 * history.losses[0]
    embedding = fused.embed(data.products)
    for rows in (present == 1, present == 2):
        quality = retrieval_quality(embedding[rows], data.labels[rows], embedding[~rows], data.labels[~rows])
        assert quality.precision_at_1 > 0.8


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        (("concat",), {"concat"}),
        (("metric",), {"metric"}),
        (("gated", "stack"), {"gated"}),
        (("cross_attention",), {"cross_attention"}),
        (("stack",), set()),
        (("concat", "metric", "gated", "stack"), {"concat", "metric", "gated"}),
    ],
)
def test_representations_are_those_that_were_asked_for_in_every_fold(tmp_path, candidates, names):
    data = learning_data([8, 8, 8])
    config = QUICK.model_copy(update={"candidates": candidates})
    account = fit_representations(data, tmp_path, config=config, seed=0)
    for fold in (*data.folds, data.final()):
        assert set(load_representations(tmp_path, fold.name)) == {"image", "text", *names}
    assert set(account.epochs) == names & {"metric", "gated", "cross_attention"}
    assert len(account.before) == len(account.after) == (2 if "metric" in names else 0)


def test_representations_of_one_modality_are_not_fused(tmp_path):
    data = learning_data([8, 8], image=np.zeros(16, bool))
    account = fit_representations(data, tmp_path, config=QUICK, seed=0)
    assert not account.fused
    assert set(load_representations(tmp_path)) == {"text"}


def test_representations_fusion_needs_two_classes_with_both_modalities():
    assert wants_fusion(learning_data([4, 4]))
    assert not wants_fusion(learning_data([4, 4], image=np.arange(8) < 4))


def test_representations_are_not_stopped_by_classes_that_were_not_trained(tmp_path):
    """All validation rows of a fold are of a class that its training rows lack: there is nothing to stop by."""
    data = learning_data([6, 6, 6])
    fold = data.folds[0].__class__(
        "fold-0", np.flatnonzero(data.labels < 2), np.flatnonzero(data.labels == 2)
    )
    lonely = LearningData(data.classes, data.rows, data.labels, data.products, (fold,))
    account = fit_representations(lonely, tmp_path, config=QUICK, seed=0)
    assert account.epochs == {}
    assert set(load_representations(tmp_path, "fold-0")) == {"image", "text", "concat", "metric", "gated"}
