from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from smartprod.config.finetuning import FinetuneTrainingConfig
from smartprod.config.learning import MetricLoss
from smartprod.finetuning.batches import Batch, epoch_order
from smartprod.finetuning.losses import ClassificationObjective, weights_of_classes
from smartprod.finetuning.network import FinetuneNetwork

COUNTS = np.array([80, 15, 5])


def objective_of(**changed) -> ClassificationObjective:
    return ClassificationObjective(FinetuneTrainingConfig(**changed), counts=COUNTS, dim=4)


@pytest.fixture
def logits():
    return torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3], [-2.0, 1.0, 3.0], [0.0, 4.0, 0.0]])


@pytest.fixture
def targets():
    return torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_losses_cross_entropy_is_torchs(logits, targets, smoothing):
    ours = objective_of(label_smoothing=smoothing).classification(logits, targets)
    assert torch.allclose(ours, functional.cross_entropy(logits, targets, label_smoothing=smoothing))


def test_losses_class_weights_are_torchs_weighted_mean(logits, targets):
    objective = objective_of(class_weights="balanced", label_smoothing=0)
    expected = functional.cross_entropy(logits, targets, weight=objective.class_weights)
    assert torch.allclose(objective.classification(logits, targets), expected)


@pytest.mark.parametrize("kind", ["none", "sqrt", "balanced"])
def test_losses_class_weights_are_one_on_average_over_the_rows(kind):
    weights = weights_of_classes(COUNTS, kind)
    assert (weights * COUNTS).sum() / COUNTS.sum() == pytest.approx(1)
    assert (np.diff(weights) > 0).all() if kind != "none" else (weights == 1).all()


def test_losses_focal_counts_sure_rows_less(logits, targets):
    focal = objective_of(loss="focal", focal_gamma=2, label_smoothing=0).classification(logits, targets)
    chances = functional.softmax(logits, dim=1)[torch.arange(4), targets]
    assert torch.allclose(focal, (-((1 - chances) ** 2) * chances.log()).mean())


def test_losses_logit_adjustment_adds_the_log_prior(logits, targets):
    adjusted = objective_of(loss="logit_adjusted", label_smoothing=0).classification(logits, targets)
    prior = torch.tensor(np.log(COUNTS / COUNTS.sum()), dtype=torch.float32)
    assert torch.allclose(adjusted, functional.cross_entropy(logits + prior, targets))


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "logit_adjusted"])
def test_losses_take_shares_of_classes(logits, targets, loss):
    objective = objective_of(loss=loss, class_weights="sqrt")
    shares = functional.one_hot(targets, 3).float()
    assert torch.allclose(objective.classification(logits, targets), objective.classification(logits, shares))
    assert objective.classification(logits, 0.7 * shares + 0.1) != objective.classification(logits, shares)


@pytest.mark.parametrize("metric_loss", get_args(MetricLoss))
def test_losses_metric_losses_bring_rows_of_a_class_together(metric_loss):
    torch.manual_seed(0)
    objective = objective_of(metric_loss=metric_loss, metric_weight=5.0)
    network = FinetuneNetwork(nn.Linear(4, 4), dim=4, classes=3, hidden=0, dropout=0)
    labels = torch.tensor([0, 1, 2]).repeat(8)
    batch = Batch(torch.randn(24, 4) + functional.one_hot(labels, 4), labels)
    optimizer = torch.optim.Adam([*network.parameters(), *objective.parameters()], lr=0.05)
    losses = []
    for _ in range(30):
        loss = objective(network, batch, 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0]


def test_losses_of_pairs_get_batches_with_several_rows_of_a_class():
    labels = np.repeat(np.arange(10), [40, 3, 5, 8, 8, 8, 8, 8, 8, 9])
    config = FinetuneTrainingConfig(metric_loss="supcon", samples_per_class=4, batch_size=16)
    batches = epoch_order(labels, config, seed=0, epoch=0)
    assert {len(batch) % 4 for batch in batches} == {0}
    assert all((np.bincount(labels[batch])[labels[batch]] >= 4).all() for batch in batches)
    assert set(np.concatenate(batches)) == set(range(len(labels)))
    assert len(epoch_order(labels, config, seed=0, epoch=7)) == len(batches)


def test_losses_balanced_sampling_draws_classes_equally_often():
    labels = np.repeat(np.arange(3), COUNTS * 20)
    config = FinetuneTrainingConfig(sampling="balanced")
    drawn = np.bincount(labels[np.concatenate(epoch_order(labels, config, seed=0, epoch=0))])
    assert (np.abs(drawn / drawn.sum() - 1 / 3) < 0.05).all()
