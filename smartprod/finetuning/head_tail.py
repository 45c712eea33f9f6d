"""Head then tail: an encoder learns the largest classes first, then all others beside a few rows of those (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from smartprod.errors import TrainingError
from smartprod.finetuning.rows import LabelledRows, LearnedRows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneImageConfig
    from smartprod.encoders import Device
    from smartprod.finetuning.batches import Batch
    from smartprod.finetuning.network import FinetuneNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """What each phase learns from.

    Attributes:
        head: Rows of the head classes only, numbered among these.
        tail: All rows of the tail classes and some of each head class, numbered among all classes; judged by all val rows.
        head_classes: Number among all classes of each head class, int64 `[K]`, ascending.
    """

    head: LearnedRows
    tail: LearnedRows
    head_classes: NDArray[np.int64]

    def lines(self) -> list[str]:
        """Tell what each phase learns from."""
        return [
            f"first {len(self.head.train):,} rows of the {len(self.head.classes)} largest classes, "
            f"then {len(self.tail.train):,} rows of all {len(self.tail.classes)}"
        ]


def divide_rows(rows: LearnedRows, settings: FinetuneImageConfig, *, seed: int) -> Phases:
    """Divide the rows between the phases.

    Args:
        rows: All of them.
        settings: `head_classes` of them come first; of each, `tail_replay` rows are seen again with the others.
        seed: Of the choice of these.

    Raises:
        TrainingError: (SP490) No class is left for the second phase.
    """
    wanted, counts = settings.head_classes or 0, rows.counts
    if wanted >= len(counts):
        raise TrainingError(
            "SP490",
            f"{wanted} head classes of {len(counts)} leave none for the second phase",
            where="finetune.image.head_classes",
            fix="name fewer, or null to learn all classes at once",
        )
    largest = np.argsort(-counts, kind="stable")[:wanted]
    head = np.sort(largest).astype(np.int64)
    in_head = np.isin(rows.train.labels, head)
    rng = np.random.default_rng([seed, 4])
    again = [
        rng.permutation(np.flatnonzero(rows.train.labels == label))[: settings.tail_replay] for label in head
    ]
    second = np.sort(np.concatenate([np.flatnonzero(~in_head), *again]))
    return Phases(
        head=LearnedRows(
            tuple(rows.classes[label] for label in head),
            _of_classes(rows.train, head),
            _of_classes(rows.val, head),
        ),
        tail=LearnedRows(rows.classes, _take(rows.train, second), rows.val),
        head_classes=head,
    )


def tail_settings(settings: FinetuneImageConfig) -> FinetuneImageConfig:
    """How the second phase is trained: its own epochs, the encoder at a low rate or not at all."""
    epochs, factor = settings.tail_epochs, settings.tail_learning_rate
    return settings.model_copy(
        update={
            "epochs": epochs,
            "frozen_epochs": min(settings.frozen_epochs, epochs) if factor else epochs,
            "learning_rate": settings.learning_rate * (factor or 1.0),
        }
    )


def add_classes(
    network: FinetuneNetwork,
    phases: Phases,
    rows: Iterable[Batch],
    device: Device,
) -> None:
    """Give a classifier of the head classes a place for every class, in the network itself.

    A new class begins where its rows lie: the direction of their mean, as long as the head classes' weights are on average
    (imprinting; Qi et al., "Low-Shot Learning with Imprinted Weights", 2018).

    Args:
        network: Trained on the head classes.
        phases: Which classes these are.
        rows: All rows of the second phase, with class indices among all classes as targets.
        device: Where the network is.
    """
    last = network.head[-1]
    assert isinstance(last, nn.Linear)
    total = len(phases.tail.classes)
    means = torch.zeros(total, last.in_features, device=last.weight.device)
    counts = torch.from_numpy(phases.tail.counts).clamp(min=1)[:, None].to(means.device)
    network.eval()
    with torch.no_grad():
        for batch in rows:
            moved = batch.to(device)
            hidden = network.head[:-1](network.embed(moved.inputs)).float()
            means.index_add_(0, moved.targets, nn.functional.normalize(hidden, dim=1))
        means /= counts
        weight = nn.functional.normalize(means - means.mean(dim=0), dim=1) * last.weight.norm(dim=1).mean()
        bias = last.bias.mean().repeat(total)
        head = torch.from_numpy(phases.head_classes).to(weight.device)
        weight[head], bias[head] = last.weight, last.bias
        wider = nn.utils.skip_init(nn.Linear, last.in_features, total, device=weight.device)
        wider.weight.copy_(weight)
        wider.bias.copy_(bias)
    network.head[-1] = wider
    network.classes = total


def _of_classes(rows: LabelledRows, classes: NDArray[np.int64]) -> LabelledRows:
    """The rows of some classes, numbered among these."""
    kept = np.isin(rows.labels, classes)
    return LabelledRows(rows.rows[kept], np.searchsorted(classes, rows.labels[kept]).astype(np.int64))


def _take(rows: LabelledRows, positions: NDArray[np.int64]) -> LabelledRows:
    return LabelledRows(rows.rows[positions], rows.labels[positions])
