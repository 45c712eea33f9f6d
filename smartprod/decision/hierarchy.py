"""Path labels as a tree: probabilities summed up to ancestors, and back-off to the deepest sure one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class BestAncestors:
    """The most probable ancestor of each level, deepest level first.

    Attributes:
        columns: Index into `Hierarchy.ancestors`, int64 [N, L].
        totals: Probability of that ancestor, float32 [N, L].
    """

    columns: np.ndarray
    totals: np.ndarray

    def deepest(self, threshold: float) -> np.ndarray:
        """Place among the levels of the deepest one that reaches the threshold, L where none does, int64 [N]."""
        levels = self.totals.shape[1]
        reached = np.hstack(
            [self.totals >= np.float32(threshold), np.ones((len(self.totals), 1), dtype=bool)]
        )
        return np.minimum(reached.argmax(axis=1), levels)


@dataclass(frozen=True)
class Hierarchy:
    """The tree of the classes' paths.

    A class may itself be an ancestor of others, as `A > B` is of `A > B > C`; paths may end at any level.

    Attributes:
        classes: Class paths in index order, length C.
        separator: What separates the levels of a path.
    """

    classes: tuple[str, ...]
    separator: str

    @cached_property
    def ancestors(self) -> tuple[str, ...]:
        """Proper ancestors of any class, deepest first, length A."""
        depth_of = {
            self.separator.join(levels[:depth]): depth
            for levels in (path.split(self.separator) for path in self.classes)
            for depth in range(1, len(levels))
        }
        return tuple(sorted(depth_of, key=lambda path: (-depth_of[path], path)))

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

    @cached_property
    def distances(self) -> np.ndarray:
        """Edges between two classes in the tree, whose top levels hang under one root, float32 [C, C]."""
        paths = [path.split(self.separator) for path in self.classes]
        nodes = {tuple(path[: depth + 1]) for path in paths for depth in range(len(path))}
        column = {node: number for number, node in enumerate(sorted(nodes))}
        on_path = np.zeros((len(paths), len(nodes)), dtype=np.float32)
        for row, path in enumerate(paths):
            on_path[row, [column[tuple(path[: depth + 1])] for depth in range(len(path))]] = 1
        depths = on_path.sum(axis=1)
        return np.asarray(depths[:, None] + depths[None, :] - 2 * on_path @ on_path.T, dtype=np.float32)

    def ancestor_probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        """Sum a flat softmax [N, C] up the tree, float32 [N, A] (summed in float64: no ancestor falls below its own).

        Consistent by construction: no ancestor is less probable than what lies below it.
        """
        totals = probabilities.astype(np.float64) @ self.membership.astype(np.float64)
        return np.asarray(np.minimum(totals, 1), dtype=np.float32)  # a sum may round to above 1

    def best_ancestors(self, probabilities: np.ndarray) -> BestAncestors:
        """Find the most probable ancestor of each level for probabilities [N, C]; the first of equal ones.

        A root that holds every class is left out: to answer it says nothing.
        """
        depths = np.asarray([len(path.split(self.separator)) for path in self.ancestors], dtype=np.int64)
        depths[self.membership.all(axis=0)] = 0
        totals = self.ancestor_probabilities(probabilities)
        columns, sums = [], []
        for depth in np.unique(depths[depths > 0])[::-1]:
            level = np.flatnonzero(depths == depth)
            best = level[totals[:, level].argmax(axis=1)]
            columns.append(best)
            sums.append(totals[np.arange(len(totals)), best])
        if not columns:
            return BestAncestors(np.zeros((len(totals), 0), np.int64), np.zeros((len(totals), 0), np.float32))
        return BestAncestors(np.stack(columns, axis=1), np.stack(sums, axis=1))

    def back_off(self, probabilities: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Find the deepest ancestor that is sure enough.

        Args:
            probabilities: Of the classes, float32 [N, C].
            threshold: Probability that the ancestor has to reach (see `learn_back_off`).

        Returns:
            The ancestor's path, or None where none is sure enough, object [N]; and its probability, float32 [N]
            (NaN for None). Among equally deep ones the most probable.
        """
        best = self.best_ancestors(probabilities)
        chosen = best.deepest(threshold)
        paths = np.full(len(probabilities), None, dtype=object)
        sums = np.full(len(probabilities), np.nan, dtype=np.float32)
        found = np.flatnonzero(chosen < best.totals.shape[1])
        paths[found] = np.asarray(self.ancestors, dtype=object)[best.columns[found, chosen[found]]]
        sums[found] = best.totals[found, chosen[found]]
        return paths, sums
