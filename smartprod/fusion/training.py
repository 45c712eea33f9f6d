"""The training loop shared by every small network: seeded, cosine schedule, early stopping, best weights kept."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import nn

    from smartprod.config.learning import FusionNetworkConfig, MetricLearningConfig, MlpConfig

Trained = TypeVar("Trained", "FusionNetworkConfig", "MetricLearningConfig", "MlpConfig")

_ROWS_PER_BATCH = 2_500
_MOST_BATCHES = 4


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long and how fast a network is trained.

    Attributes:
        epochs: Length of the learning-rate schedule, and the most epochs that are run.
        learning_rate: Peak learning rate of AdamW (Loshchilov and Hutter, 2019).
        weight_decay: Decoupled weight decay.
        patience: Epochs without a better validation score before stopping.
        stop_after: Run exactly this many epochs, as when a final fit has no validation rows.
    """

    epochs: int
    learning_rate: float
    weight_decay: float
    patience: int
    stop_after: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingHistory:
    """What happened, epoch by epoch.

    Attributes:
        losses: Mean training loss of each epoch.
        scores: Validation score of each epoch (higher is better); empty without validation.
        best_epoch: Number of epochs after which the kept weights stood, from 1.
    """

    losses: tuple[float, ...]
    scores: tuple[float, ...]
    best_epoch: int


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch and pytorch-metric-learning inside the block; leave the caller's random state as it was."""
    import numpy as np
    import torch
    from pytorch_metric_learning.utils import common_functions

    before = common_functions.NUMPY_RANDOM
    common_functions.NUMPY_RANDOM = np.random.RandomState(seed)  # its samplers draw from numpy's global state
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        common_functions.NUMPY_RANDOM = before


def sized_for(config: Trained, rows: int) -> Trained:
    """Train on large tables in fewer epochs of larger batches: each epoch takes more steps than a small table's does.

    From 5,000 rows on batches are two, from 10,000 on four times as large. The learning rate grows with the root of the
    batch, as Adam wants it (Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022);
    epochs and patience shrink by it. Below 5,000 rows nothing changes.
    """
    factor = min(max(rows // _ROWS_PER_BATCH, 1), _MOST_BATCHES)
    shorter = math.sqrt(factor)
    changes = {
        "batch_size": config.batch_size * factor,
        "learning_rate": config.learning_rate * shorter,
        "epochs": math.ceil(config.epochs / shorter),
        "patience": math.ceil(config.patience / shorter),
    }
    return config.model_copy(update=changes)


def train_network(
    network: nn.Module,
    *,
    batches: Callable[[], Iterable[torch.Tensor]],
    loss: Callable[[torch.Tensor], torch.Tensor],
    plan: TrainingPlan,
    score: Callable[[], float] | None = None,
) -> TrainingHistory:
    """Train `network` in place, and leave it in evaluation mode with its best weights.

    Args:
        network: All trained parameters, those of a loss with proxies included.
        batches: Gives the batches of one epoch, each the positions of its rows, int64 [B].
        loss: Loss of one batch of positions, a scalar.
        plan: Length and speed.
        score: Validation score of the network as it stands, higher is better; None trains without validation.

    Returns:
        Losses and scores by epoch, and the best epoch.
    """
    import torch

    optimizer = torch.optim.AdamW(
        network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, plan.epochs, eta_min=plan.learning_rate / 50
    )
    losses: list[float] = []
    scores: list[float] = []
    best_score, best_epoch, best_weights = -math.inf, 0, None
    for epoch in range(1, min(plan.epochs, plan.stop_after or plan.epochs) + 1):
        losses.append(_train_epoch(network, batches(), loss, optimizer))
        schedule.step()
        if score is None:
            best_epoch = epoch
            continue
        network.eval()
        with torch.no_grad():
            scores.append(score())
        if scores[-1] > best_score:
            best_score, best_epoch, best_weights = scores[-1], epoch, copy.deepcopy(network.state_dict())
        elif epoch - best_epoch >= plan.patience:
            break
    if best_weights is not None:
        network.load_state_dict(best_weights)
    network.eval()
    return TrainingHistory(tuple(losses), tuple(scores), best_epoch)


def _train_epoch(
    network: nn.Module,
    batches: Iterable[torch.Tensor],
    loss: Callable[[torch.Tensor], torch.Tensor],
    optimizer: torch.optim.Optimizer,
) -> float:
    network.train()
    total, count = 0.0, 0
    for batch in batches:
        value = loss(batch)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        total, count = total + float(value.detach()), count + 1
    return total / max(count, 1)


def shuffled_batches(count: int, batch_size: int) -> Iterator[torch.Tensor]:
    """Positions 0 to `count` - 1 in random order, in batches; a last batch of one row joins the one before."""
    import torch

    order = torch.randperm(count)
    starts = list(range(0, count, batch_size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        yield order[start:end]
