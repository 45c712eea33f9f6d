"""The training loop of every encoder: frozen epochs, then all of it; resumed, it ends with the same bits (on a processor, with as many threads)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from smartprod.encoders import import_torchvision
from smartprod.finetuning.checkpoint import (
    CHECKPOINT_FILE,
    TrainingState,
    best_file,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from smartprod.finetuning.evaluation import evaluate
from smartprod.finetuning.history import EpochRecord, TrainingHistory
from smartprod.finetuning.schedule import learning_parameters, open_schedule, parameter_groups

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.encoders import Device
    from smartprod.finetuning.batches import Batch, TrainingBatches, ValidationBatches
    from smartprod.finetuning.losses import Objective
    from smartprod.finetuning.network import FinetuneNetwork


def _ignore(*_: object) -> None:
    """Stand in for a listener."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of a training.

    Attributes:
        step: Called after each batch.
        epoch: Called with the record of each epoch, also of those that were done before a resumption.
    """

    step: Callable[[], None] = _ignore
    epoch: Callable[[EpochRecord], None] = _ignore


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTask:
    """What is trained, on what, and where.

    Attributes:
        network: Trained in place.
        objective: What is made small.
        batches: The training rows.
        validation: The rows that judge each epoch; None: every epoch is run and the last one kept.
        config: How.
        device: Where, and at which precision.
        seed: Of dropout and whatever else torch draws.
        folder: Where checkpoints are kept.
        key: What the training depends on; a checkpoint of another key is left alone.
    """

    network: FinetuneNetwork
    objective: Objective
    batches: TrainingBatches
    validation: ValidationBatches | None
    config: FinetuneTrainingConfig
    device: Device
    seed: int
    folder: Path
    key: str = ""


def train(task: TrainingTask, listeners: Listeners | None = None) -> TrainingHistory:
    """Train a network, or go on where a checkpoint in the folder is; leave it with its best weights, in evaluation mode.

    Judged and kept is the running average of the weights (`ema_decay`), where there is one.

    Args:
        task: What is trained; its objective and batches may bring along whatever they like.
        listeners: Who is told.
    """
    with torch.random.fork_rng(devices=_cuda_devices(task.device)):
        torch.manual_seed(task.seed)
        training = _Training(task, listeners or Listeners())
        training.resume()
        training.run()
        return training.finish()


def _cuda_devices(device: Device) -> list[Any]:
    return [torch.device(device.name)] if device.is_cuda else []


class _Training:
    """A training under way."""

    def __init__(self, task: TrainingTask, listeners: Listeners) -> None:
        import_torchvision()
        from timm.utils import ModelEmaV3

        config = task.config
        self._task = task
        self._listeners = listeners
        self._state = TrainingState()
        self._network = task.network.to(task.device.name)
        self._objective = task.objective.to(task.device.name)
        self._learning = learning_parameters(self._network.encoder, config.frozen_layers)
        self._network.let_learn(self._learning)
        groups = parameter_groups(self._network, self._objective, config)
        self._optimizer = torch.optim.AdamW(groups)
        self._parameters = [each for group in groups for each in group["params"]]
        self._updates_per_epoch = -(-task.batches.steps // config.accumulate)
        self._schedule = open_schedule(self._optimizer, config, updates_per_epoch=self._updates_per_epoch)
        self._average = (
            ModelEmaV3(self._network, decay=config.ema_decay, use_warmup=True) if config.ema_decay else None
        )
        self._scaler = torch.amp.GradScaler(
            torch.device(task.device.name).type, enabled=task.device.precision == "fp16"
        )

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one."""
        found = load_checkpoint(self._task.folder, key=self._task.key)
        if found is None:
            return
        self._state, tensors = found
        self._put_back(tensors)
        if self._state.scaler:
            self._scaler.load_state_dict(self._state.scaler)
        self._schedule.step_update(self._state.updates)
        for record in self._state.history:
            self._listeners.epoch(record)
        for _ in range(self._state.epoch * self._task.batches.steps + self._state.step):
            self._listeners.step()

    def run(self) -> None:
        """Train until the last epoch, or until `patience` epochs have brought nothing."""
        config, state = self._task.config, self._state
        while state.epoch < config.epochs and not self._is_over():
            self._begin_epoch()
            self._train_epoch()
            self._end_epoch()

    def finish(self) -> TrainingHistory:
        """Take the best weights."""
        state = self._state
        if state.best_epoch:
            self._network.load_state_dict(load_weights(best_file(self._task.folder, state.best_epoch)))
        self._network.let_learn(self._learning)
        self._network.eval()
        return TrainingHistory(tuple(state.history), state.best_epoch, tuple(state.losses))

    @property
    def _judged(self) -> FinetuneNetwork:
        judged: FinetuneNetwork = self._network if self._average is None else self._average.module
        return judged

    def _is_over(self) -> bool:
        state = self._state
        return state.best_epoch > 0 and state.epoch - state.best_epoch >= self._task.config.patience

    def _begin_epoch(self) -> None:
        frozen = self._state.epoch < self._task.config.frozen_epochs
        self._network.let_learn(None if frozen else self._learning)
        self._network.train()
        self._objective.train()

    def _train_epoch(self) -> None:
        """Train on what is left of an epoch."""
        task, state = self._task, self._state
        batches = iter(task.batches.epoch(state.epoch, start=state.step))
        while steps := list(islice(batches, task.config.accumulate)):
            loss = self._update(steps)
            state.step += len(steps)
            state.updates += 1
            state.loss_sum += loss * len(steps)
            state.losses.append(loss)
            self._schedule.step_update(state.updates)
            if state.updates % task.config.checkpoint_steps == 0 and state.step < task.batches.steps:
                self._save()

    def _update(self, batches: list[Batch]) -> float:
        """Move the weights once, by the gradients of several batches; return their mean loss."""
        total = torch.zeros((), device=self._task.device.name)
        for batch in batches:
            moved = batch.to(self._task.device)
            with self._task.device.autocast():
                loss = self._objective(self._network, moved, self._progress) / len(batches)
            self._scaler.scale(loss).backward()
            total += loss.detach()
            self._listeners.step()
        if self._task.config.gradient_clip:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._parameters, self._task.config.gradient_clip)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        if self._average is not None:
            self._average.update(self._network, step=self._state.updates + 1)
        return float(total)

    @property
    def _progress(self) -> float:
        return self._state.updates / max(1, self._task.config.epochs * self._updates_per_epoch)

    def _end_epoch(self) -> None:
        """Judge the epoch, keep the weights where they are the best, and write the checkpoint."""
        task, state = self._task, self._state
        record = EpochRecord(
            epoch=state.epoch + 1,
            frozen=state.epoch < task.config.frozen_epochs,
            learning_rate=max(group["lr"] for group in self._optimizer.param_groups if "lr_scale" in group),
            train_loss=state.loss_sum / max(state.step, 1),
            **self._scores(),
        )
        state.epoch, state.step, state.loss_sum = record.epoch, 0, 0.0
        state.history.append(record)
        if self._is_best(record):
            state.best_epoch = record.epoch
            save_weights(best_file(task.folder, record.epoch), self._judged.state_dict())
        self._save()
        for path in set(task.folder.glob("best-*")) - {best_file(task.folder, state.best_epoch)}:
            path.unlink()
        self._listeners.epoch(record)

    def _scores(self) -> dict[str, float]:
        if self._task.validation is None:
            return {}
        scores = evaluate(self._judged, self._task.validation, self._task.device)
        return {
            "val_loss": scores.loss,
            "val_accuracy": scores.accuracy,
            "val_macro_f1": scores.macro_f1,
            "val_weighted_f1": scores.weighted_f1,
        }

    def _is_best(self, record: EpochRecord) -> bool:
        if self._task.validation is None:
            return record.epoch == self._task.config.epochs
        earlier = self._state.history[self._state.best_epoch - 1] if self._state.best_epoch else None
        return earlier is None or (record.val_macro_f1 or 0.0) > (earlier.val_macro_f1 or 0.0)

    def _save(self) -> None:
        self._state.scaler = self._scaler.state_dict()
        save_checkpoint(self._task.folder, self._state, dict(self._tensors()), key=self._task.key)

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Everything that a checkpoint holds, by name."""
        for place, module in self._modules():
            for name, value in module.state_dict().items():
                yield f"{place}.{name}", value.clone()
        for number, parameter in enumerate(self._parameters):
            for name, value in self._optimizer.state.get(parameter, {}).items():
                yield f"optimizer.{number}.{name}", value
        yield "random.torch", torch.get_rng_state()
        if self._task.device.is_cuda:
            yield "random.cuda", torch.cuda.get_rng_state(self._task.device.name)

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        yield "network", self._network
        yield "objective", self._objective
        if self._average is not None:
            yield "average", self._average.module

    def _put_back(self, tensors: dict[str, torch.Tensor]) -> None:
        """Set everything to what a checkpoint holds."""
        for place, module in self._modules():
            lead = f"{place}."
            module.load_state_dict(
                {name.removeprefix(lead): value for name, value in tensors.items() if name.startswith(lead)}
            )
        for name, value in tensors.items():
            kind, number, field = (*name.split(".", 2), "", "")[:3]
            if kind == "optimizer":
                parameter = self._parameters[int(number)]
                self._optimizer.state[parameter][field] = _in_shape_of(parameter, value)
        torch.set_rng_state(tensors["random.torch"])
        if "random.cuda" in tensors and self._task.device.is_cuda:
            torch.cuda.set_rng_state(tensors["random.cuda"], self._task.device.name)


def _in_shape_of(parameter: nn.Parameter, value: torch.Tensor) -> torch.Tensor:
    """A moment laid out in memory like its parameter (the order of sums may depend on it); a counter stays."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def has_checkpoint(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return (folder / CHECKPOINT_FILE).is_file()
