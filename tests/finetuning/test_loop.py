from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from smartprod.config.finetuning import FinetuneTrainingConfig
from smartprod.encoders import Device
from smartprod.finetuning.batches import Batch, epoch_order
from smartprod.finetuning.checkpoint import CHECKPOINT_FILE
from smartprod.finetuning.loop import Listeners, TrainingTask, train
from smartprod.finetuning.losses import ClassificationObjective
from smartprod.finetuning.network import FinetuneNetwork

CPU = Device("cpu", "fp32")
SETTINGS = {"epochs": 4, "batch_size": 8, "checkpoint_steps": 2, "patience": 9, "frozen_epochs": 1}


class StoppedError(Exception):
    """The process is killed here."""


class Rows:
    """Points in space whose class is the nearest corner, as training or as validation rows."""

    def __init__(self, config: FinetuneTrainingConfig, count: int = 60) -> None:
        rng = np.random.default_rng(3)
        self.labels = rng.integers(0, 3, count)
        corners = rng.normal(0, 2, (3, 6))
        self.points = torch.tensor(corners[self.labels] + rng.normal(0, 1, (count, 6)), dtype=torch.float32)
        self.config = config

    @property
    def steps(self) -> int:
        return len(epoch_order(self.labels, self.config, seed=0, epoch=0))

    def epoch(self, epoch: int, *, start: int = 0):
        for rows in epoch_order(self.labels, self.config, seed=0, epoch=epoch)[start:]:
            yield Batch(self.points[rows], torch.from_numpy(self.labels[rows]))

    def __iter__(self):
        yield Batch(self.points, torch.from_numpy(self.labels))


def make_task(folder, device: Device = CPU, validated: bool = True, **changed) -> TrainingTask:
    config = FinetuneTrainingConfig(**{**SETTINGS, **changed})
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 8)
    )
    network = FinetuneNetwork(encoder, dim=8, classes=3, hidden=4, dropout=0.1)
    rows = Rows(config)
    objective = ClassificationObjective(config, counts=np.bincount(rows.labels), dim=8)
    return TrainingTask(network, objective, rows, rows if validated else None, config, device, 0, folder)


def bits(network: nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def stop_after(steps: int) -> Listeners:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise StoppedError

    return Listeners(step=step)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"accumulate": 3},
        {"ema_decay": 0},
        {"metric_loss": "arcface", "sampling": "sqrt"},
        {"metric_loss": "supcon", "samples_per_class": 2},
    ],
    ids=["plain", "accumulated", "without an average", "arcface", "supcon"],
)
@pytest.mark.parametrize("stops", [(3,), (7, 9, 2)], ids=["in the first epoch", "several times"])
def test_loop_resumed_equals_uninterrupted_bit_by_bit(tmp_path, changed, stops):
    whole = make_task(tmp_path / "whole", **changed)
    history = train(whole)
    done = 0
    for more in stops:
        done += more
        with pytest.raises(StoppedError):
            train(make_task(tmp_path / "parts", **changed), stop_after(done))
    resumed = make_task(tmp_path / "parts", **changed)
    assert train(resumed) == history
    assert bits(resumed.network) == bits(whole.network)
    assert bits(resumed.objective) == bits(whole.objective)


def test_loop_learns_and_keeps_the_best_epoch(tmp_path):
    history = train(make_task(tmp_path, epochs=12, learning_rate=0.02, head_learning_rate=0.02))
    scores = [record.val_macro_f1 for record in history.epochs]
    assert max(scores) > 0.8
    assert history.best_epoch == scores.index(max(scores)) + 1
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    assert len(history.update_losses) == len(history.epochs) * 8


def test_loop_first_only_the_classifier_learns(tmp_path):
    task = make_task(tmp_path, epochs=2, frozen_epochs=1, ema_decay=0)
    before = bits(task.network.encoder)
    seen = {}

    def remember(record) -> None:
        seen[record.epoch] = (record.frozen, bits(task.network.encoder) == before)

    train(task, Listeners(epoch=remember))
    assert seen == {1: (True, True), 2: (False, False)}


def test_loop_stops_when_nothing_is_gained(tmp_path):
    history = train(make_task(tmp_path, epochs=30, learning_rate=1e-9, head_learning_rate=1e-9, patience=2))
    assert len(history.epochs) == history.best_epoch + 2


def test_loop_without_val_rows_runs_all_epochs_and_keeps_the_last(tmp_path):
    history = train(make_task(tmp_path, validated=False))
    assert history.best_epoch == len(history.epochs) == SETTINGS["epochs"]
    assert history.epochs[0].val_macro_f1 is None


def test_loop_computes_in_bf16_on_a_processor_when_asked(tmp_path):
    plain, short = train(make_task(tmp_path / "a")), train(make_task(tmp_path / "b", Device("cpu", "bf16")))
    assert plain.update_losses != short.update_losses
    assert np.allclose(plain.update_losses, short.update_losses, atol=0.2)


def test_loop_leaves_a_checkpoint_of_another_training_alone(tmp_path):
    with pytest.raises(StoppedError):
        train(make_task(tmp_path), stop_after(12))
    other = make_task(tmp_path, weight_decay=0.3)
    changed = TrainingTask(
        other.network,
        other.objective,
        other.batches,
        other.validation,
        other.config,
        CPU,
        0,
        tmp_path,
        "other",
    )
    assert train(changed) == train(make_task(tmp_path / "fresh", weight_decay=0.3))


def test_loop_a_damaged_checkpoint_is_begun_again(tmp_path):
    with pytest.raises(StoppedError):
        train(make_task(tmp_path), stop_after(12))
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(path.read_bytes()[:-100])
    assert train(make_task(tmp_path)) == train(make_task(tmp_path / "fresh"))


def test_loop_clips_long_gradients(tmp_path):
    moved = []
    for clip in (0, 1e-6):
        task = make_task(tmp_path / str(clip), gradient_clip=clip, weight_decay=0, epochs=1, ema_decay=0)
        before = task.network.head[-1].weight.detach().clone()
        train(task)
        moved.append(float((task.network.head[-1].weight - before).abs().max()))
    assert moved[0] > 0
    assert moved[1] != moved[0]
