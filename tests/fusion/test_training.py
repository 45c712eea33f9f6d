from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from smartprod.config.learning import MetricLearningConfig, MlpConfig
from smartprod.fusion import TrainingPlan, fitting_threads, seeded, shuffled_batches, sized_for, train_network
from smartprod.fusion.metric_learning import _class_balanced_batches


class Counter(nn.Module):
    """A single weight that training moves by about one learning rate per step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


def train(scores=None, **plan):
    network, left = Counter(), iter(scores or [])
    seen = []

    def score() -> float:
        assert not network.training
        seen.append(network.weight.item())
        return next(left)

    settings = {"epochs": 10, "learning_rate": 0.1, "weight_decay": 0.0, "patience": 2} | plan
    history = train_network(
        network,
        batches=lambda: [torch.arange(1)],
        loss=lambda _batch: -network.weight.sum(),
        plan=TrainingPlan(**settings),
        score=score if scores else None,
    )
    return network, history, seen


def test_training_early_stopping_restores_the_best_weights():
    network, history, seen = train([0.1, 0.5, 0.4, 0.3, 0.9])
    assert history.best_epoch == 2
    assert history.scores == (0.1, 0.5, 0.4, 0.3)
    assert len(history.losses) == 4
    assert network.weight.item() == seen[1] < seen[3]
    assert not network.training


def test_training_equal_score_is_no_gain():
    assert train([0.5, 0.5, 0.5, 0.5])[1].best_epoch == 1


def test_training_without_validation_runs_all_epochs_or_as_many_as_told():
    network, history, _ = train()
    assert (history.best_epoch, len(history.losses), history.scores) == (10, 10, ())
    short, history, _ = train(stop_after=4)
    assert history.best_epoch == 4
    assert 0 < short.weight.item() < network.weight.item()


def test_training_follows_the_same_schedule_however_many_epochs_are_run():
    _, _, seen = train([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert train(stop_after=4)[0].weight.item() == seen[3]


def test_training_seeded_repeats_and_leaves_the_callers_state_alone():
    from pytorch_metric_learning.utils import common_functions

    def draw():
        with seeded(3):
            return torch.rand(3).tolist(), common_functions.NUMPY_RANDOM.permutation(9).tolist()

    torch.manual_seed(0)
    np.random.seed(0)
    undisturbed = torch.rand(2).tolist(), np.random.random(2).tolist()
    torch.manual_seed(0)
    np.random.seed(0)
    first = draw()
    assert (torch.rand(2).tolist(), np.random.random(2).tolist()) == undisturbed
    assert draw() == first
    with pytest.raises(KeyError), seeded(3):
        raise KeyError
    assert common_functions.NUMPY_RANDOM is np.random


@pytest.mark.parametrize(("count", "sizes"), [(10, [4, 4, 2]), (9, [4, 5]), (4, [4]), (1, [1]), (5, [5])])
def test_training_shuffled_batches_hold_every_row_once_and_none_alone(count, sizes):
    batches = list(shuffled_batches(count, 4))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(torch.cat(batches).tolist()) == list(range(count))


def test_training_balanced_batches_are_as_long_as_the_data_and_balanced():
    labels = np.repeat([0, 1, 2, 5], [60, 30, 9, 1])
    config = MetricLearningConfig(batch_size=12, samples_per_class=4)
    with seeded(0):
        batches = list(_class_balanced_batches(labels, config))
    assert 84 < sum(map(len, batches)) <= 100
    for batch in batches:
        assert np.unique(labels[batch.numpy()], return_counts=True)[1].tolist() == [4, 4, 4]
    with seeded(0):
        again = list(_class_balanced_batches(labels, config))
    with seeded(1):
        other = list(_class_balanced_batches(labels, config))
    assert torch.equal(torch.cat(batches), torch.cat(again))
    assert not torch.equal(torch.cat(batches), torch.cat(other))


@pytest.mark.parametrize(("batch_size", "per_class"), [(4, 9), (5, 4), (128, 4), (4, 1)])
def test_training_balanced_batches_hold_two_classes_whatever_the_settings(batch_size, per_class):
    labels = np.asarray([0, 0, 1])
    config = MetricLearningConfig(batch_size=batch_size, samples_per_class=per_class)
    for batch in _class_balanced_batches(labels, config):
        assert len(batch) <= batch_size
        assert set(labels[batch.numpy()]) == {0, 1}


def test_training_small_fits_get_one_thread_and_the_setting_comes_back():
    before = torch.get_num_threads()
    with fitting_threads(1_000_000, available=8) as threads:
        assert threads == torch.get_num_threads() == 1
    with fitting_threads(50_000_000, available=8) as threads:
        assert threads == 3
    with fitting_threads(10**12, available=2) as threads:
        assert threads == 2
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("rows", "factor"), [(0, 1), (4_999, 1), (5_000, 2), (10_000, 4), (10**6, 4)])
def test_training_large_tables_take_larger_batches_and_fewer_epochs(rows, factor):
    sized = sized_for(MlpConfig(batch_size=100, learning_rate=0.001, epochs=40, patience=10), rows)
    assert sized.batch_size == 100 * factor
    assert sized.learning_rate == pytest.approx(0.001 * factor**0.5)
    assert (sized.epochs, sized.patience) == {1: (40, 10), 2: (29, 8), 4: (20, 5)}[factor]
