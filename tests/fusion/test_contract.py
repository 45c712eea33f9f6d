from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from smartprod.config.learning import CrossAttentionConfig, GatedConfig, MetricLearningConfig, MetricLoss
from smartprod.errors import ModelError
from smartprod.fusion import LearningData, ProductEmbeddings, representation_from_state
from smartprod.fusion.metric_learning import fit_metric
from smartprod.fusion.modality_fusion import fit_fusion_network
from smartprod.fusion.normalisation import fit_normaliser
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation
from smartprod.state import State
from tests.contracts.check_representation import check_representation
from tests.embedded_table import learning_data


@pytest.fixture
def data() -> LearningData:
    present = np.arange(36) % 6
    return learning_data([12, 12, 12], image=present != 1, text=present != 2)


@pytest.mark.parametrize("modality", ["image", "text"])
def test_contract_is_kept_by_single_representations(data, tmp_path, modality):
    check_representation(lambda *_: SingleRepresentation(modality), data, tmp_path)


def test_contract_is_kept_by_concatenation(data, tmp_path):
    check_representation(lambda *_: ConcatRepresentation(1.5), data, tmp_path)


@pytest.mark.parametrize("method", ["standard", "whiten"])
def test_contract_is_kept_by_normalised_representations(data, tmp_path, method):
    def concat(data, seed):
        return ConcatRepresentation(1.5, fit_normaliser(data.products, method, seed=seed))

    def metric(data, seed):
        both = np.flatnonzero(data.products.having(("image", "text")))
        config = MetricLearningConfig(hidden=0, dim=5, epochs=2, batch_size=12)
        return fit_metric(
            concat(data, seed), data.products.take(both), data.labels[both], config=config, seed=seed
        )[0]

    image, text = (
        replace(each, dims=dims)
        for each, dims in zip((data.products.image, data.products.text), ((12,), (6, 4)), strict=True)
    )
    several = replace(data, products=ProductEmbeddings(image, text))
    check_representation(concat, several, tmp_path / "concat")
    check_representation(metric, several, tmp_path / "metric")


@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("loss", get_args(MetricLoss))
def test_contract_is_kept_by_metric_learning(data, tmp_path, loss, hidden):
    config = MetricLearningConfig(loss=loss, hidden=hidden, dim=5, epochs=2, batch_size=12)

    def fit(data, seed):
        both = np.flatnonzero(data.products.having(("image", "text")))
        products, labels = data.products.take(both), data.labels[both]
        return fit_metric(ConcatRepresentation(1.5), products, labels, config=config, seed=seed)[0]

    check_representation(fit, data, tmp_path)


NETWORKS = [
    GatedConfig(dim=6, epochs=2, batch_size=12),
    CrossAttentionConfig(dim=6, heads=2, layers=2, epochs=2, batch_size=12),
]


@pytest.mark.parametrize("config", NETWORKS, ids=["gated", "cross_attention"])
@pytest.mark.parametrize("dims", [((), ()), ((5, 7), (4, 3, 3))], ids=["one encoder", "several encoders"])
def test_contract_is_kept_by_fusion_networks(data, tmp_path, config, dims):
    image, text = (
        replace(each, dims=sizes)
        for each, sizes in zip((data.products.image, data.products.text), dims, strict=True)
    )
    several = replace(data, products=ProductEmbeddings(image, text))
    check_representation(
        lambda data, seed: fit_fusion_network(data.products, data.labels, config=config, seed=seed)[0],
        several,
        tmp_path,
    )


def test_contract_unknown_kind_is_refused():
    with pytest.raises(ModelError, match="oracle") as caught:
        representation_from_state(State("oracle"))
    assert caught.value.code == "SP703"
