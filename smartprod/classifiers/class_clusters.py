"""Classes that look alike: a tree of the classes by their mean embeddings, cut into macro-categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class ClassClusters:
    """The tree of C classes and where it is cut.

    Attributes:
        linkage: Merges as scipy gives them, float64 [C - 1, 4]; heights are cosine distances, 0 to 2.
        order: Classes in the order of the tree's leaves, int64 [C].
        clusters: Macro-category of each class, 0 to K - 1, numbered in that order, int64 [C].
        silhouettes: Mean silhouette of the classes by number of clusters, -1 to 1.
    """

    linkage: np.ndarray
    order: np.ndarray
    clusters: np.ndarray
    silhouettes: Mapping[int, float]

    @property
    def number(self) -> int:
        """K, the number of macro-categories."""
        return int(self.clusters.max(initial=-1)) + 1


def class_means(embedding: np.ndarray, labels: np.ndarray, *, classes: int) -> np.ndarray:
    """Mean direction of each class, seen from the mean of all classes, float64 [C, D]; zero for a class without rows.

    Args:
        embedding: float [N, D].
        labels: Class indices, int64 [N].
        classes: C.
    """
    sums = np.zeros((classes, embedding.shape[1]), dtype=np.float64)
    np.add.at(sums, labels, _unit(embedding.astype(np.float64)))
    counts = np.bincount(labels, minlength=classes)
    means = sums / np.maximum(counts, 1)[:, None]
    known = counts > 0
    if known.sum() > 1:
        means[known] -= means[known].mean(axis=0)
    return _unit(means)


def cluster_classes(means: np.ndarray, *, number: int | None = None) -> ClassClusters:
    """Cluster classes bottom up by the cosine distance of their means, average linkage (Sokal and Michener, 1958).

    Without a number the cut is the one with the highest mean silhouette (Rousseeuw, 1987) among 2 to C / 2 clusters: with
    more, most of them would hold a single class.

    Args:
        means: One row for each class, float [C, D].
        number: How many clusters; no more than C.
    """
    from scipy.cluster.hierarchy import average, fcluster, leaves_list
    from scipy.spatial.distance import squareform
    from sklearn.metrics import silhouette_score

    count = len(means)
    if count < 2:
        return ClassClusters(np.zeros((0, 4)), np.arange(count), np.zeros(count, np.int64), {})
    directions = _unit(means.astype(np.float64))
    distances = np.clip(1 - directions @ directions.T, 0, 2)
    distances = (distances + distances.T) / 2
    np.fill_diagonal(distances, 0)
    linkage = average(squareform(distances, checks=False))
    order = leaves_list(linkage).astype(np.int64)
    silhouettes = {
        size: float(silhouette_score(distances, labels, metric="precomputed"))
        for size in range(2, max(count // 2, 2) + 1 if count > 2 else 2)
        if len(np.unique(labels := fcluster(linkage, size, criterion="maxclust"))) == size
    }
    best = min(number, count) if number else max(silhouettes, key=lambda size: silhouettes[size], default=1)
    cut = fcluster(linkage, best, criterion="maxclust")
    _, first = np.unique(cut[order], return_index=True)
    rank = np.argsort(np.argsort(first))  # of each cluster, by its first leaf
    return ClassClusters(
        linkage, order, rank[np.searchsorted(np.unique(cut), cut)].astype(np.int64), silhouettes
    )


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
