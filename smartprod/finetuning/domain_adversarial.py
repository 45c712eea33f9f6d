"""Embeddings that do not tell where a photo comes from: gradient reversal, or alike means and covariances.

Beside each batch of labelled photos the network sees photos of the domain that it will be asked about, without their labels
(imported only with torch).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from smartprod.finetuning.batches import Batch
from smartprod.finetuning.losses import ClassificationObjective, Objective

if TYPE_CHECKING:
    from smartprod.config.finetuning import FinetuneDomainConfig
    from smartprod.finetuning.batches import TrainingBatches
    from smartprod.finetuning.network import FinetuneNetwork

_STEEPNESS = 10.0
"""How fast the reversed gradient comes in (Ganin et al., 2016)."""


@dataclass(frozen=True, slots=True, eq=False)
class PairedBatches:
    """Batches of labelled photos, each with one of photos of the target domain.

    Which photos meet depends on the seed and the step alone, so that a resumed training sees the same pairs.

    Attributes:
        labelled: The training rows.
        unlabelled: Photos of the target domain, gone through over and over; their targets are never looked at.
    """

    labelled: TrainingBatches
    unlabelled: TrainingBatches

    @property
    def steps(self) -> int:
        """Batches of each epoch."""
        return self.labelled.steps

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Give the batches of an epoch, without the first `start` of them."""
        others = self._unlabelled_from(epoch * self.steps + start)
        for batch in self.labelled.epoch(epoch, start=start):
            yield Batch({"labelled": batch.inputs, "unlabelled": next(others).inputs}, batch.targets)

    def _unlabelled_from(self, step: int) -> Iterator[Batch]:
        epoch, start = divmod(step, self.unlabelled.steps)
        while True:
            yield from self.unlabelled.epoch(epoch, start=start)
            epoch, start = epoch + 1, 0


class GradientReversal(torch.autograd.Function):
    """The identity, whose gradient comes back with the other sign (Ganin and Lempitsky, 2015)."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor, strength: float) -> torch.Tensor:
        """Give `values` as they are."""
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Turn the gradient round, times the strength."""
        return -context.strength * gradient, None


def reversal_strength(progress: float) -> float:
    """From 0 to nearly 1 over a training: the network that tells domains apart first has to learn to (Ganin et al., 2016)."""
    return 2 / (1 + math.exp(-_STEEPNESS * progress)) - 1


class DomainClassifier(nn.Module):
    """Tells the domains apart by embeddings; what comes before it learns to make that hard (Ganin et al., 2016).

    It sees unit vectors scaled to sqrt(dim), as the classifier of the classes does: on numbers near 0 it learns too slowly to
    keep up, and the encoder deceives it without becoming alike.

    Args:
        dim: Length of the embeddings.
        hidden: Width of its hidden layer.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, source: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        """Mean loss of telling unit vectors `[B, D]` from `[M, D]`, a scalar; each domain counts half."""
        strength = reversal_strength(progress)
        losses = []
        for embeddings, is_target in ((source, 0.0), (target, 1.0)):
            scaled = GradientReversal.apply(embeddings, strength) * math.sqrt(embeddings.shape[1])
            logits = self.layers(scaled)[:, 0]
            losses.append(
                functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, is_target))
            )
        return (losses[0] + losses[1]) / 2


class MomentDistance(nn.Module):
    """How far means and covariances of the domains lie apart (CORAL: Sun and Saenko, 2016, who compare covariances only).

    On frozen embeddings most of the gain came from the means (docs/domain-shift.md).
    """

    def forward(self, source: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        """Squared distance of the means of `[B, D]` and `[M, D]`, and of their covariances, a scalar."""
        del progress
        means = source.mean(dim=0) - target.mean(dim=0)
        covariances = _covariance(source) - _covariance(target)
        return means.square().sum() + covariances.square().sum()


def _covariance(values: torch.Tensor) -> torch.Tensor:
    centered = values - values.mean(dim=0)
    return centered.T @ centered / max(len(values) - 1, 1)


class DomainObjective(Objective):
    """Classification of the labelled photos, and a loss that makes both domains' embeddings alike.

    Args:
        classification: What the labelled rows cost.
        domains: `adversarial` or `coral`, and its weight.
        dim: Length of the embeddings.
    """

    def __init__(
        self, classification: ClassificationObjective, domains: FinetuneDomainConfig, *, dim: int
    ) -> None:
        super().__init__()
        self.classification = classification
        self.distance = (
            DomainClassifier(dim, domains.hidden) if domains.method == "adversarial" else MomentDistance()
        )
        self._weight = domains.weight

    def forward(self, network: FinetuneNetwork, batch: Batch, progress: float) -> torch.Tensor:
        """The mean loss of a batch of `PairedBatches`, a scalar."""
        labelled, unlabelled = batch.inputs["labelled"], batch.inputs["unlabelled"]
        # Together, so that normalisation layers see both domains, as they will once the encoder is used.
        embeddings = network.embed(torch.cat([labelled, unlabelled]))
        source, target = embeddings[: len(labelled)], embeddings[len(labelled) :]
        loss = self.classification.of_embeddings(network, source, batch.targets)
        unit = functional.normalize(source.float(), dim=1), functional.normalize(target.float(), dim=1)
        return loss + self._weight * self.distance(*unit, progress)
