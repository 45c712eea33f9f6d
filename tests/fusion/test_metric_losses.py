from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from smartprod.config.learning import PAIR_LOSSES, MetricLearningConfig, MetricLoss, MetricMiner
from smartprod.fusion.metric_learning import fit_metric
from smartprod.fusion.metric_losses import MetricObjective
from smartprod.fusion.representation import ConcatRepresentation
from tests.embedded_table import learning_data


def unit_vectors(count: int, *, dim: int = 6) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.nn.functional.normalize(torch.randn(count, dim), dim=1).requires_grad_()


@pytest.mark.parametrize("loss", PAIR_LOSSES)
@pytest.mark.parametrize("miner", get_args(MetricMiner))
@pytest.mark.parametrize("memory", [0, 8])
def test_metric_losses_batch_without_a_pair_has_no_loss(loss, miner, memory):
    """Every row of a class of its own: nothing to draw together, and no crash."""
    config = MetricLearningConfig(loss=loss, miner=miner, cross_batch_memory=memory, batch_size=8, dim=6)
    objective = MetricObjective(config, classes=8)
    # Multi-similarity without its miner also pushes rows of different classes apart.
    far = torch.eye(6)[:4].clone().requires_grad_()
    value = objective(far, torch.arange(4))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", get_args(MetricLoss))
def test_metric_losses_of_wrong_neighbours_are_positive_and_can_be_learned_from(loss):
    config = MetricLearningConfig(loss=loss, batch_size=8, dim=6)
    projected = unit_vectors(8)
    value = MetricObjective(config, classes=2)(projected, torch.arange(8) % 2)
    value.backward()
    assert value.item() > 0
    assert projected.grad is not None
    assert projected.grad.abs().sum() > 0


def test_metric_losses_memory_finds_pairs_in_earlier_batches():
    config = MetricLearningConfig(loss="supcon", cross_batch_memory=16, batch_size=4, dim=6)
    objective = MetricObjective(config, classes=4)
    vectors = unit_vectors(4)
    first, second = (objective(vectors, torch.arange(4)).item() for _ in range(2))
    assert first == pytest.approx(0)  # no two rows of a class yet
    assert second > 0


def test_metric_losses_memory_holds_at_least_a_batch_of_a_large_table():
    config = MetricLearningConfig(loss="supcon", cross_batch_memory=4, batch_size=4, dim=6)
    objective = MetricObjective(config.model_copy(update={"batch_size": 16}), classes=4)
    assert objective.criterion.memory_size == 16
    assert objective(unit_vectors(16), torch.arange(16) % 4).item() > 0


@pytest.mark.parametrize("loss", get_args(MetricLoss))
def test_metric_losses_classes_of_a_single_row_can_be_trained(loss):
    data = learning_data([1, 1, 1, 6])
    config = MetricLearningConfig(loss=loss, hidden=0, dim=4, epochs=2, batch_size=8)
    metric, history = fit_metric(ConcatRepresentation(1.0), data.products, data.labels, config=config, seed=0)
    assert np.isfinite(history.losses).all()
    assert np.isfinite(metric.embed(data.products)).all()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"loss": "arcface", "miner": "hard"}, "takes no miner"),
        ({"loss": "proxy_anchor", "cross_batch_memory": 1024}, "takes no miner"),
        ({"loss": "supcon", "cross_batch_memory": 64, "batch_size": 128}, "at least batch_size"),
    ],
)
def test_metric_losses_that_take_no_pairs_are_told(settings, told):
    with pytest.raises(ValidationError, match=told):
        MetricLearningConfig(**settings)
