"""What fine-tuning makes small: a loss of the logits, and beside it one of the embeddings (imported only with torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from smartprod.config.learning import PAIR_LOSSES, MetricLearningConfig
from smartprod.fusion import MetricObjective

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.finetuning.batches import Batch
    from smartprod.finetuning.network import FinetuneNetwork


class Objective(nn.Module):
    """What a batch costs. It may have parameters of its own, which learn at the rate of the classifier."""

    def forward(self, network: FinetuneNetwork, batch: Batch, progress: float) -> torch.Tensor:
        """The mean loss of a batch, a scalar.

        Args:
            network: In training mode.
            batch: On the network's device.
            progress: Of the whole training, from 0 to 1.
        """
        raise NotImplementedError


class ClassificationObjective(Objective):
    """Classification of each row, and a metric loss of its embedding where the configuration names one.

    Args:
        config: Which losses, and how they are weighted.
        counts: Training rows of each class, `[C]`.
        dim: Length of the embeddings.
    """

    class_weights: torch.Tensor
    log_prior: torch.Tensor

    def __init__(self, config: FinetuneTrainingConfig, *, counts: NDArray[np.int64], dim: int) -> None:
        super().__init__()
        self._config = config
        present = np.maximum(counts, 1).astype(np.float64)
        self.register_buffer("class_weights", torch.tensor(weights_of_classes(counts, config.class_weights)))
        prior = np.log(present / present.sum())
        self.register_buffer("log_prior", torch.tensor(prior, dtype=torch.float32))
        self.metric: nn.Module | None = None
        if config.metric_loss != "none":
            settings = MetricLearningConfig(loss=config.metric_loss, dim=dim)
            self.metric = MetricObjective(settings, classes=len(counts))

    def forward(self, network: FinetuneNetwork, batch: Batch, progress: float) -> torch.Tensor:
        """The mean loss of a batch, a scalar."""
        del progress
        return self.of_embeddings(network, network.embed(batch.inputs), batch.targets)

    def of_embeddings(
        self, network: FinetuneNetwork, embeddings: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """The mean loss of embeddings `[B, D]`, a scalar."""
        loss = self.classification(network.head(embeddings), targets)
        if self.metric is not None:
            unit = functional.normalize(embeddings.float(), dim=1)
            loss = loss + self._config.metric_weight * self.metric(unit, hard_targets(targets))
        return loss

    def classification(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss of logits `[B, C]` for class indices `[B]` or shares of classes `[B, C]`, a scalar.

        - `cross_entropy`, label-smoothed.
        - `focal`: times (1 - p) ** gamma, so that rows already answered well count less (Lin et al., 2017).
        - `logit_adjusted`: of the logits plus the log prior; a class that is rare in training has to win by more, and the
          plain logits then answer as if all classes were equally common (Menon et al., 2021).
        """
        config, logits = self._config, logits.float()
        if config.loss == "logit_adjusted":
            logits = logits + config.logit_adjustment * self.log_prior
        shares = soft_targets(targets, logits.shape[1])  # [B, C]
        weights = shares @ self.class_weights  # [B]
        log_chances = functional.log_softmax(logits, dim=1)
        smoothed = shares * (1 - config.label_smoothing) + config.label_smoothing / logits.shape[1]
        losses = -(smoothed * log_chances).sum(dim=1)  # [B]
        if config.loss == "focal":
            chance = (shares * log_chances.exp()).sum(dim=1)
            losses = (1 - chance) ** config.focal_gamma * losses
        return (weights * losses).sum() / weights.sum()


def weights_of_classes(counts: NDArray[np.int64], kind: str) -> NDArray[np.float32]:
    """How much a row of each class weighs, `[C]`: 1 on average over the rows; rare classes more, as `kind` says."""
    present = np.maximum(counts, 1).astype(np.float64)
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[kind]
    weights = present**-power
    return (weights * present.sum() / (weights * present).sum()).astype(np.float32)


def soft_targets(targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Class indices as shares of the classes, float32 `[B, C]`; shares stay."""
    return targets.float() if targets.ndim == 2 else functional.one_hot(targets, classes).float()


def hard_targets(targets: torch.Tensor) -> torch.Tensor:
    """Shares of the classes as the largest one, int64 `[B]`; class indices stay."""
    return targets.argmax(dim=1) if targets.ndim == 2 else targets


def compares_pairs(config: FinetuneTrainingConfig) -> bool:
    """Whether the loss needs several rows of a class in one batch."""
    return config.metric_loss in PAIR_LOSSES
