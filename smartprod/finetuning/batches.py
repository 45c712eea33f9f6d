"""What training goes through: batches in an order that the seed and the epoch decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from smartprod.config.learning import PAIR_LOSSES

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.encoders import Device


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows that the network sees together.

    Attributes:
        inputs: What its encoder takes: a tensor, or a mapping of tensors, the rows first.
        targets: Class indices int64 `[B]`, or shares of the classes float32 `[B, C]` where rows are mixed.
    """

    inputs: Any
    targets: torch.Tensor

    def to(self, device: Device) -> Batch:
        """The same on a device; from pinned memory the copy runs beside the computation."""
        return Batch(_to_device(self.inputs, device), _to_device(self.targets, device))


def _to_device(value: Any, device: Device) -> Any:
    if isinstance(value, Mapping):
        return {name: _to_device(each, device) for name, each in value.items()}
    if device.is_cuda:
        value = value.pin_memory()
    return value.to(device.name, non_blocking=device.is_cuda)


class TrainingBatches(Protocol):
    """The training rows, batch by batch."""

    @property
    def steps(self) -> int:
        """Batches of each epoch."""
        ...

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Give the batches of an epoch (from 0), without the first `start` of them; the same ones at every call."""
        ...


class ValidationBatches(Protocol):
    """The rows that judge each epoch, with class indices as targets."""

    def __iter__(self) -> Iterator[Batch]:
        """Give all rows, in the same order every time."""
        ...


def epoch_order(
    labels: NDArray[np.int64], config: FinetuneTrainingConfig, *, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """Draw the batches of an epoch as positions of rows; the number of batches is the same in every epoch.

    `rows`: every row once; `sqrt` and `balanced`: as many draws, by the size of the class (Kang et al., 2020). A loss of
    pairs gets batches with `samples_per_class` rows of each class in it.

    Args:
        labels: Class of each row, `[N]`.
        config: Batch size, sampling and loss.
        seed: Of the run.
        epoch: From 0.
    """
    rng = np.random.default_rng([seed, epoch, 1])
    if config.metric_loss in PAIR_LOSSES:
        return _batches_of_classes(labels, config, rng)
    order = rng.permutation(len(labels))
    if config.sampling != "rows":
        order = rng.choice(len(labels), size=len(labels), p=row_chances(labels, config.sampling))
    return np.array_split(order, count_steps(len(labels), config))


def count_steps(rows: int, config: FinetuneTrainingConfig) -> int:
    """Batches of an epoch: about `batch_size` rows each, none much smaller than another."""
    return max(1, round(rows / config.batch_size))


def row_chances(labels: NDArray[np.int64], sampling: str) -> NDArray[np.float64]:
    """Chance of each row `[N]` to be drawn: every class equally often (`balanced`), or halfway (`sqrt`)."""
    sizes = np.bincount(labels)[labels].astype(np.float64)
    chances = sizes**-0.5 if sampling == "sqrt" else sizes**-1.0
    return chances / chances.sum()


def _batches_of_classes(
    labels: NDArray[np.int64], config: FinetuneTrainingConfig, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Cut each class's rows, in random order, into groups of `samples_per_class`, and deal the groups to batches."""
    size = min(config.samples_per_class, max(2, config.batch_size // 2))
    groups: list[NDArray[np.int64]] = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        lacking = -len(rows) % size
        rows = np.concatenate([rows, rng.choice(rows, lacking)]) if lacking else rows
        groups.extend(rows.reshape(-1, size))
    dealt = [groups[i] for i in rng.permutation(len(groups))]
    steps = max(1, round(len(dealt) * size / config.batch_size))
    return [np.concatenate(part) for part in _split(dealt, steps)]


def _split(groups: list[NDArray[np.int64]], parts: int) -> Iterator[list[NDArray[np.int64]]]:
    borders = np.linspace(0, len(groups), parts + 1).astype(int)
    for start, end in pairwise(borders):
        yield groups[start:end]
