"""What the neural classifier is trained with: its loss, and how its batches are drawn (imported only with torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from smartprod.classifiers.base import row_weights
from smartprod.fusion import shuffled_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from smartprod.config.learning import MlpConfig


def row_loss(
    config: MlpConfig, *, log_prior: torch.Tensor, tau: float
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Choose the loss of each row: logits [B, P] and targets [B] to [B].

    - `cross_entropy`, label-smoothed.
    - `focal`: cross-entropy times (1 - p) ** gamma, so that rows already answered well count less (Lin et al., 2017).
    - `logit_adjusted`: cross-entropy of the logits plus tau times the log prior; a class that is rare in training
      has to win by more, and the plain logits then answer as if all classes were equally common (Menon et al., 2021).
    """

    def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(
            logits, targets, reduction="none", label_smoothing=config.label_smoothing
        )

    def focal(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        chance = functional.softmax(logits, dim=1).gather(1, targets[:, None])[:, 0]
        return (1 - chance) ** config.focal_gamma * cross_entropy(logits, targets)

    def logit_adjusted(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits + tau * log_prior, targets)

    return {"cross_entropy": cross_entropy, "focal": focal, "logit_adjusted": logit_adjusted}[config.loss]


def epoch_batches(labels: np.ndarray, config: MlpConfig) -> Iterator[torch.Tensor]:
    """Draw the batches of one epoch, positions int64 [B]: every row once, or as many rows by the size of their class.

    `balanced` draws every class equally often, `sqrt` lies halfway (Kang et al., "Decoupling Representation and
    Classifier", 2020).
    """
    if config.sampling == "rows":
        yield from shuffled_batches(len(labels), config.batch_size)
        return
    chances = torch.from_numpy(row_weights(labels, config.sampling))
    drawn = torch.multinomial(chances, len(labels), replacement=True)
    for batch in shuffled_batches(len(labels), config.batch_size):
        yield drawn[batch]
