"""The losses of metric learning and the miners that choose their pairs, all of pytorch-metric-learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from pytorch_metric_learning import losses, miners
from torch import nn

if TYPE_CHECKING:
    from smartprod.config.learning import MetricLearningConfig, MetricLoss, MetricMiner

_TRIPLET_MARGIN = 0.2
_OWN_MINER: dict[MetricLoss, MetricMiner] = {"triplet": "semihard", "multi_similarity": "multi_similarity"}


class MetricObjective(nn.Module):
    """A loss of a batch of projected embeddings, with what it needs beside: proxies, a miner, a memory.

    Losses: ArcFace (Deng et al., 2019), sub-centre ArcFace (Deng et al., 2020), proxy anchor (Kim et al., 2020),
    supervised contrastive (Khosla et al., 2020), multi-similarity with its miner (Wang et al., 2019), triplet with
    semi-hard negatives (Schroff et al., 2015). The cross-batch memory is Wang et al.'s (2020). A batch without pairs
    has a loss of zero.

    Args:
        config: Loss, miner, memory and size of the projection.
        classes: Number of classes C; labels lie in 0 to C - 1.
    """

    def __init__(self, config: MetricLearningConfig, *, classes: int) -> None:
        super().__init__()
        criterion = _criterion(config, classes)
        self.miner = _miner(config)
        if config.cross_batch_memory:
            size = max(config.cross_batch_memory, config.batch_size)  # large tables have larger batches
            criterion = losses.CrossBatchMemory(criterion, config.dim, memory_size=size, miner=self.miner)
            self.miner = None  # it mines in its memory
        self.criterion = criterion

    def forward(self, projected: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of unit vectors [B, dim] with class indices [B], a scalar."""
        pairs = self.miner(projected, labels) if self.miner is not None else None
        loss: torch.Tensor = self.criterion(projected, labels, pairs)
        return loss


def _criterion(config: MetricLearningConfig, classes: int) -> Any:
    if config.loss == "arcface":
        return losses.ArcFaceLoss(classes, config.dim, margin=28.6, scale=16)
    if config.loss == "subcenter_arcface":
        return losses.SubCenterArcFaceLoss(
            num_classes=classes, embedding_size=config.dim, margin=28.6, scale=16, sub_centers=3
        )
    if config.loss == "proxy_anchor":
        return losses.ProxyAnchorLoss(classes, config.dim)
    if config.loss == "multi_similarity":
        return losses.MultiSimilarityLoss(alpha=2, beta=50, base=0.5)
    if config.loss == "triplet":
        return losses.TripletMarginLoss(margin=_TRIPLET_MARGIN)
    return losses.SupConLoss(temperature=0.1)


def _miner(config: MetricLearningConfig) -> Any:
    kind = _OWN_MINER.get(config.loss, "none") if config.miner == "auto" else config.miner
    if kind == "none":
        return None
    if kind == "multi_similarity":
        return miners.MultiSimilarityMiner(epsilon=0.1)
    return miners.TripletMarginMiner(margin=_TRIPLET_MARGIN, type_of_triplets=kind)
