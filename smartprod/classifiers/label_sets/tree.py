"""The tree of labels: all paths that products carry, and every category above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, eq=False)
class LabelTree:
    """All labels and their ancestors; a parent comes before its children.

    Attributes:
        nodes: Paths in index order, length K.
        parents: Index of each node's parent, -1 for a root, int64 [K].
        carried: Which nodes a product carries itself, rather than by a label below it, bool [K].
        separator: Between the levels of a path.
    """

    nodes: tuple[str, ...]
    parents: np.ndarray
    carried: np.ndarray
    separator: str

    @classmethod
    def of(cls, labels: Iterable[str], separator: str) -> LabelTree:
        """Build the tree above some label paths."""
        carried = set(labels)
        above = {path for label in carried for path in _path_of(label, separator)}
        nodes = sorted(above, key=lambda path: (path.count(separator), path))
        index = {path: place for place, path in enumerate(nodes)}
        parents = [index.get(path.rpartition(separator)[0], -1) for path in nodes]
        return cls(
            tuple(nodes),
            np.asarray(parents, dtype=np.int64),
            np.asarray([path in carried for path in nodes], dtype=bool),
            separator,
        )

    def targets(self, label_sets: Sequence[Sequence[str]]) -> np.ndarray:
        """Mark each row's labels and everything above them, bool [N, K]; of unknown paths only what is known above."""
        index = {path: place for place, path in enumerate(self.nodes)}
        targets = np.zeros((len(label_sets), len(self.nodes)), dtype=bool)
        for row, labels in enumerate(label_sets):
            for label in labels:
                known = [index[path] for path in _path_of(label, self.separator) if path in index]
                targets[row, known] = True
        return targets

    def consistent(self, probabilities: np.ndarray) -> np.ndarray:
        """Lower each node's probability to that of its parent where it is higher; float32 [N, K]."""
        held = np.array(probabilities, dtype=np.float32)
        for node, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                np.minimum(held[:, node], held[:, parent], out=held[:, node])
        return held

    def closed(self, given: np.ndarray) -> np.ndarray:
        """Add everything above what is given, bool [N, K]."""
        closed = given.copy()
        for node in range(len(self.nodes) - 1, -1, -1):
            parent = int(self.parents[node])
            if parent >= 0:
                closed[:, parent] |= closed[:, node]
        return closed

    def deepest(self, closed: np.ndarray) -> np.ndarray:
        """Keep of a closed set the nodes below which nothing is given, bool [N, K]."""
        deepest = closed.copy()
        for node, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                deepest[:, parent] &= ~closed[:, node]
        return deepest


def _path_of(label: str, separator: str) -> list[str]:
    """A label and everything above it."""
    levels = label.split(separator)
    return [separator.join(levels[:depth]) for depth in range(1, len(levels) + 1)]
