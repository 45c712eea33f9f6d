"""What the classifiers for several labels share: the request, the contract, and the weight of rare labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from smartprod.classifiers.base import Weighting
    from smartprod.state import State

_POWERS = {"balanced": 1.0, "sqrt": 0.5, "none": 0.0}


@runtime_checkable
class LabelClassifier(Protocol):
    """A fitted classifier that answers for each label by itself."""

    @property
    def kind(self) -> str:
        """Which classifier it is, such as `sigmoid-logistic`."""
        ...

    def probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Probability of each of K labels for [N, D], float32 [N, K]; a row need not sum to one."""
        ...

    def state(self) -> State:
        """The fitted state."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LabelFitRequest:
    """What a classifier is fitted on.

    Attributes:
        embedding: float32 [N, D].
        targets: Which labels each row has, bool [N, K].
        weighting: How much the rows that have a rare label weigh.
        seed: Seed of everything random.
        held_out: Embedding and targets of rows that stop the training early; None in the final fit.
        rounds: Epochs to run when there are no such rows.
    """

    embedding: np.ndarray
    targets: np.ndarray
    weighting: Weighting
    seed: int = 0
    held_out: tuple[np.ndarray, np.ndarray] | None = None
    rounds: int | None = None


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function, float32, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), dtype=np.float32)


def is_varied(targets: np.ndarray) -> np.ndarray:
    """Which labels some rows have and others lack, bool [K]; the others cannot be fitted."""
    counts = targets.sum(axis=0)
    return np.asarray((counts > 0) & (counts < len(targets)))


def constant_logits(targets: np.ndarray) -> np.ndarray:
    """The log-odds of each label's share of the rows, with half a row added on both sides, float32 [K]."""
    counts = targets.sum(axis=0)
    return np.asarray(np.log(counts + 0.5) - np.log(len(targets) - counts + 0.5), dtype=np.float32)


def balance(targets: np.ndarray, weighting: Weighting) -> np.ndarray:
    """How much a row that has the label counts against one that lacks it, float32 [K].

    `balanced` gives both sides the same total weight; `sqrt` lies halfway between that and `none`.
    """
    counts = np.clip(targets.sum(axis=0), 1, max(len(targets) - 1, 1))
    return np.asarray(((len(targets) - counts) / counts) ** _POWERS[weighting], dtype=np.float32)
