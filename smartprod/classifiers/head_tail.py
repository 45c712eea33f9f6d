"""Head then tail for the neural classifier: it learns the largest classes first, the others on its frozen hidden layer (imported only with torch)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from smartprod.classifiers.base import FitRequest, Fitted, row_weights
from smartprod.classifiers.mlp import MlpClassifier
from smartprod.fusion import TrainingPlan, seeded, shuffled_batches, train_network
from smartprod.resampling import TrainingSet

if TYPE_CHECKING:
    from smartprod.config.learning import MlpConfig

FitHead = Callable[[FitRequest], Fitted]
"""Fits the classifier of the first phase on the rows of the head classes."""


def largest_classes(labels: np.ndarray, number: int) -> np.ndarray:
    """The classes with the most rows, ascending, int64 [K]; of equally large ones the first."""
    present, counts = np.unique(labels, return_counts=True)
    return np.sort(present[np.argsort(-counts, kind="stable")[:number]])


def fit_head_then_tail(request: FitRequest, config: MlpConfig, fit_head: FitHead) -> Fitted:
    """Fit on the head classes, then freeze all but the last layer and train that on all classes.

    In the second phase every class is drawn equally often, and a new class's weights begin at the direction of the mean of
    its rows (imprinting; Qi et al., "Low-Shot Learning with Imprinted Weights", 2018).

    Args:
        request: What to fit on.
        config: `head_classes` come first; the second phase takes `tail_epochs`.
        fit_head: Fits the first phase.

    Returns:
        The classifier of all classes, and the epochs of the first phase.
    """
    labels = request.training.labels
    head = largest_classes(labels, config.head_classes or 0)
    first = fit_head(replace(request, training=_of_classes(request.training, head)))
    learned = first.classifier
    assert isinstance(learned, MlpClassifier)
    present, positions = np.unique(labels, return_inverse=True)
    scaled = (request.training.embedding - learned.center) / np.float32(learned.scale)
    network = learned.network
    assert isinstance(network, nn.Sequential)
    last = network[-1]
    assert isinstance(last, nn.Linear)
    body = nn.Sequential(*list(network.children())[:-1]).eval()
    with torch.no_grad():
        hidden = body(torch.from_numpy(scaled))  # [N, H]
    targets = torch.from_numpy(positions.astype(np.int64))
    wider = _widened(
        last, hidden, targets, head=np.searchsorted(present, learned.present), classes=len(present)
    )
    chances = torch.from_numpy(row_weights(labels, "balanced"))

    def loss(batch: torch.Tensor) -> torch.Tensor:
        rows = torch.multinomial(chances, len(batch), replacement=True)
        seen = functional.dropout(hidden[rows], config.dropout)
        return functional.cross_entropy(wider(seen), targets[rows], label_smoothing=config.label_smoothing)

    with seeded(request.seed):
        train_network(
            wider,
            batches=lambda: shuffled_batches(len(labels), config.batch_size),
            loss=loss,
            plan=TrainingPlan(
                config.tail_epochs, config.learning_rate, config.weight_decay, config.tail_epochs
            ),
        )
    whole = nn.Sequential(*body.children(), wider).eval()
    classifier = MlpClassifier(learned.center, learned.scale, whole, present, request.classes)
    return Fitted(classifier, first.rounds)


def _widened(
    last: nn.Linear, hidden: torch.Tensor, targets: torch.Tensor, *, head: np.ndarray, classes: int
) -> nn.Linear:
    """A last layer for all classes: the head classes as they were learned, the others where their rows lie."""
    unit = functional.normalize(hidden, dim=1)
    means = torch.zeros(classes, hidden.shape[1]).index_add_(0, targets, unit)
    means = means / torch.bincount(targets, minlength=classes)[:, None]
    wider = nn.utils.skip_init(nn.Linear, hidden.shape[1], classes)
    with torch.no_grad():
        directions = functional.normalize(means - means.mean(dim=0), dim=1)
        wider.weight.copy_(directions * last.weight.norm(dim=1).mean())
        wider.bias.fill_(float(last.bias.mean()))
        wider.weight[torch.from_numpy(head)] = last.weight
        wider.bias[torch.from_numpy(head)] = last.bias
    return wider


def _of_classes(rows: TrainingSet, classes: np.ndarray) -> TrainingSet:
    kept = np.isin(rows.labels, classes)
    return TrainingSet(rows.embedding[kept], rows.labels[kept])
