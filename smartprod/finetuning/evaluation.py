"""How good a network is on the val rows (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from smartprod.encoders import Device
    from smartprod.finetuning.batches import ValidationBatches
    from smartprod.finetuning.network import FinetuneNetwork


@dataclass(frozen=True, slots=True)
class Scores:
    """What the val rows say: mean cross-entropy, accuracy, and F1 over the classes that occur: their mean, and weighted by rows."""

    loss: float
    accuracy: float
    macro_f1: float
    weighted_f1: float


def evaluate(network: FinetuneNetwork, rows: ValidationBatches, device: Device) -> Scores:
    """Score a network, which is left in evaluation mode."""
    network.eval()
    logits, targets = [], []
    with torch.no_grad(), device.autocast():
        for batch in rows:
            moved = batch.to(device)
            logits.append(network(moved.inputs).float().cpu())
            targets.append(batch.targets)
    return score_logits(torch.cat(logits), torch.cat(targets))


def score_logits(logits: torch.Tensor, targets: torch.Tensor) -> Scores:
    """Score logits `[N, C]` by class indices `[N]`."""
    from sklearn.metrics import f1_score

    answers, truth = logits.argmax(dim=1).numpy(), targets.numpy()
    occurring = np.unique(truth)
    macro, weighted = (
        float(f1_score(truth, answers, average=average, labels=occurring, zero_division=0))
        for average in ("macro", "weighted")
    )
    return Scores(
        loss=float(functional.cross_entropy(logits, targets)),
        accuracy=float((answers == truth).mean()),
        macro_f1=macro,
        weighted_f1=weighted,
    )
