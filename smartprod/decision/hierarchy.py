"""Path labels as a tree: probabilities summed up to ancestors, and back-off to the deepest sure one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Hierarchy:
    """The tree of the classes' paths.

    Attributes:
        classes: Class paths in index order, length C.
        separator: What separates the levels of a path.
    """

    classes: tuple[str, ...]
    separator: str

    @cached_property
    def ancestors(self) -> tuple[str, ...]:
        """Proper ancestors of any class, deepest first, length A."""
        paths = {
            self.separator.join(levels[:depth])
            for levels in (path.split(self.separator) for path in self.classes)
            for depth in range(1, len(levels))
        }
        return tuple(sorted(paths, key=lambda path: (-path.count(self.separator), path)))

    @cached_property
    def membership(self) -> np.ndarray:
        """Which classes lie under (or at) each ancestor, float32 [C, A]."""
        matrix = np.zeros((len(self.classes), len(self.ancestors)), dtype=np.float32)
        column = {path: number for number, path in enumerate(self.ancestors)}
        for row, path in enumerate(self.classes):
            levels = path.split(self.separator)
            for depth in range(1, len(levels) + 1):
                ancestor = self.separator.join(levels[:depth])
                if ancestor in column:
                    matrix[row, column[ancestor]] = 1
        return matrix

    def back_off(self, probabilities: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Find the deepest ancestor that is sure enough.

        A flat softmax summed up the tree is consistent by construction: no ancestor is less sure than what
        lies below it.

        Args:
            probabilities: Of the classes, float32 [N, C].
            threshold: Probability that the ancestor has to reach.

        Returns:
            The ancestor's path, or None where none is sure enough, object [N]; and its probability, float32 [N]
            (NaN for None). Among equally deep ones the most probable.
        """
        paths = np.full(len(probabilities), None, dtype=object)
        sums = np.full(len(probabilities), np.nan, dtype=np.float32)
        if not self.ancestors or len(probabilities) == 0:
            return paths, sums
        totals = np.minimum(probabilities @ self.membership, 1)  # [N, A]; a sum may round to above 1
        depths = np.asarray([path.count(self.separator) for path in self.ancestors])
        for depth in np.unique(depths)[::-1]:
            columns = np.flatnonzero(depths == depth)
            best = columns[totals[:, columns].argmax(axis=1)]
            total = totals[np.arange(len(totals)), best]
            found = (total >= threshold) & np.isnan(sums)
            paths[found] = np.asarray(self.ancestors, dtype=object)[best[found]]
            sums[found] = total[found]
        return paths, sums
