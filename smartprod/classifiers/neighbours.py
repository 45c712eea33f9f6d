"""Nearest neighbours by cosine (Cover and Hart, 1967), whose votes weigh by how near they are (Wu et al., 2018)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.classifiers.base import FitRequest, Fitted, Weighting, row_weights, spread_over_classes
from smartprod.classifiers.prototype import center_of_classes, unit
from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.config.learning import NeighboursConfig

_ROWS_AT_A_TIME = 1_024
_PRIOR = 0.1
"""Votes shared by all classes, so that a class without a near row keeps some probability; the nearest row has one."""


@dataclass(frozen=True, slots=True, eq=False)
class NeighboursClassifier:
    """Training rows on the unit sphere around the mean of the class means.

    Attributes:
        center: Mean of the class means, float32 [D].
        rows: Unit vectors of the kept training rows, float32 [R, D].
        position: Class of each row, as a position in `present`, int64 [R].
        weight: Weight of each row's vote, float32 [R].
        present: Class indices that have rows, int64 [P].
        classes: Number of all classes.
        neighbours: Rows that vote.
        temperature: A row that is nearer by this much in cosine has e times the vote.
    """

    center: np.ndarray
    rows: np.ndarray
    position: np.ndarray
    weight: np.ndarray
    present: np.ndarray
    classes: int
    neighbours: int
    temperature: float
    kind: ClassVar[str] = "neighbours"

    def log_probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Classify [N, D] into log-probabilities, float32 [N, C]."""
        return self._answer(embedding, (self.neighbours,))[self.neighbours]

    def _answer(self, embedding: np.ndarray, counts: tuple[int, ...]) -> dict[int, np.ndarray]:
        """Answers with several numbers of neighbours, for the cost of the largest."""
        pieces: dict[int, list[np.ndarray]] = {
            count: [np.zeros((0, len(self.present)), np.float32)] for count in counts
        }
        for start in range(0, len(embedding), _ROWS_AT_A_TIME):
            nearest, votes = self._votes(embedding[start : start + _ROWS_AT_A_TIME], max(counts))
            for count in counts:
                pieces[count].append(self._shares(nearest[:, :count], votes[:, :count]))
        return {
            count: spread_over_classes(np.concatenate(shares), self.present, self.classes)
            for count, shares in pieces.items()
        }

    def _votes(self, embedding: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest rows of each of N, nearest first, and their votes, both [N, count] or fewer."""
        cosine = unit(embedding - self.center) @ self.rows.T  # [N, R]
        count = min(count, len(self.rows))
        nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        found = np.take_along_axis(cosine, nearest, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        nearest, found = np.take_along_axis(nearest, order, axis=1), np.take_along_axis(found, order, axis=1)
        return nearest, np.exp((found - found[:, :1]) / self.temperature) * self.weight[nearest]

    def _shares(self, nearest: np.ndarray, votes: np.ndarray) -> np.ndarray:
        """Log of each present class's share of the votes, float32 [N, P]."""
        total = np.full((len(votes), len(self.present)), _PRIOR / len(self.present), dtype=np.float64)
        np.add.at(total, (np.arange(len(votes))[:, None], self.position[nearest]), votes)
        return np.log(total / total.sum(axis=1, keepdims=True)).astype(np.float32)

    def state(self) -> State:
        """The fitted state."""
        settings = {"classes": self.classes, "neighbours": self.neighbours, "temperature": self.temperature}
        arrays = {
            "center": self.center,
            "rows": self.rows,
            "position": self.position,
            "weight": self.weight,
            "present": self.present,
        }
        return State(self.kind, settings, arrays)

    @classmethod
    def from_state(cls, state: State) -> NeighboursClassifier:
        """Build it again from its state."""
        arrays, settings = state.arrays, state.settings
        return cls(
            arrays["center"],
            arrays["rows"],
            arrays["position"],
            arrays["weight"],
            arrays["present"],
            int(str(settings["classes"])),
            int(str(settings["neighbours"])),
            float(str(settings["temperature"])),
        )


def fit_neighbours(request: FitRequest, config: NeighboursConfig, *, weighting: Weighting) -> Fitted:
    """Keep training rows, and choose how many neighbours vote.

    The number is the one of `config.neighbours` with the lowest log-loss on the validation rows; without them it is
    `request.rounds`, the median of the folds, or the middle one of the configuration.
    """
    embedding, labels = request.training.embedding, request.training.labels
    present, position = np.unique(labels, return_inverse=True)
    center = center_of_classes(embedding, position, len(present))
    kept = _keep_rows(position, config.rows_per_class, seed=request.seed)
    count = request.rounds or sorted(config.neighbours)[len(config.neighbours) // 2]
    classifier = NeighboursClassifier(
        center,
        unit(embedding[kept] - center).astype(np.float32),
        position[kept].astype(np.int64),
        row_weights(labels[kept], weighting),
        present,
        request.classes,
        count,
        config.temperature,
    )
    held = request.validation
    known = np.isin(held.labels, present) if held is not None else np.zeros(0, dtype=bool)
    if held is None or not known.any():
        return Fitted(classifier, count)
    answers = classifier._answer(held.embedding[known], config.neighbours)
    truth = np.arange(int(known.sum())), held.labels[known]
    losses = {each: -float(found[truth].mean()) for each, found in answers.items()}
    best = min(losses, key=lambda each: (losses[each], -each))
    return Fitted(replace(classifier, neighbours=best), best)


def _keep_rows(position: np.ndarray, most: int, *, seed: int) -> np.ndarray:
    """All rows of small classes, and that many drawn rows of the others, in order."""
    drawn = np.random.default_rng(seed).permutation(len(position))
    order = drawn[np.argsort(position[drawn], kind="stable")]  # by class, in random order within
    counts = np.bincount(position)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[rank < most])
