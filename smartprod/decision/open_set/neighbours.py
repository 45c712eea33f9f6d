"""Open set by the distance to the nearest training products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from smartprod.decision.open_set.detector import unit_rows
from smartprod.state import State

_BATCH_ELEMENTS = 16_000_000


@dataclass(frozen=True, slots=True, eq=False)
class NearestNeighbours:
    """Distance to the k-th nearest training row on L2-normalised embeddings (kNN; Sun et al., 2022).

    Attributes:
        rows: Normalised training embeddings with the precision of float16, float32 [M, D]; saved as float16.
        neighbours: k; the farthest of all where there are fewer.
    """

    rows: np.ndarray
    neighbours: int
    kind: ClassVar[str] = "knn"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """One less the cosine with the k-th nearest row, which ranks as the distance does, float32 [N]."""
        del probabilities
        place = len(self.rows) - min(self.neighbours, len(self.rows))
        scores = np.empty(len(embedding), dtype=np.float32)
        step = max(1, _BATCH_ELEMENTS // len(self.rows))
        for start in range(0, len(embedding), step):
            cosines = unit_rows(embedding[start : start + step]) @ self.rows.T
            cosines.partition(place, axis=1)
            scores[start : start + step] = 1 - cosines[:, place]
        return scores

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {"neighbours": self.neighbours}, {"rows": self.rows.astype(np.float16)})

    @classmethod
    def from_state(cls, state: State) -> NearestNeighbours:
        """Build it again from its state."""
        return cls(state.arrays["rows"].astype(np.float32), int(str(state.settings["neighbours"])))


def fit_nearest_neighbours(
    embedding: np.ndarray, labels: np.ndarray, *, neighbours: int, rows_per_class: int, seed: int = 0
) -> NearestNeighbours:
    """Keep the training rows, of large classes a random sample.

    Args:
        embedding: float32 [N, D], N at least 1.
        labels: Class indices, int64 [N].
        neighbours: k.
        rows_per_class: Rows kept of each class at most; the model grows by 2 D bytes with each.
        seed: Of the samples.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    sizes = np.bincount(labels)
    place = np.arange(len(labels)) - (np.cumsum(sizes) - sizes)[labels[by_class]]  # of each row in its class
    kept = np.sort(by_class[place < rows_per_class])
    rows = unit_rows(embedding[kept]).astype(np.float16).astype(np.float32)
    return NearestNeighbours(rows, neighbours)
