"""A two-dimensional map of the embeddings: products that the model finds similar lie together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import EmbeddingMapInput

COMPONENTS = 50
PERPLEXITY = 30.0
ITERATIONS = 500
SMALLEST_MAP = 5
"""Fewer points make no map."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingMap:
    """Points of the map.

    Attributes:
        xy: Position, float32 [M, 2], centred, the wider side scaled to -1 to 1.
        labels: Class index, int64 [M].
        rows: Position in the input table, int64 [M].
        parts: Part of each point, length M.
    """

    xy: NDArray[np.float32]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    parts: tuple[str, ...]


def embedding_map(given: EmbeddingMapInput, *, points: int, seed: int) -> EmbeddingMap | None:
    """Lay out embeddings in two dimensions by t-SNE (van der Maaten and Hinton, 2008).

    The embeddings are L2-normalised and reduced to 50 principal components first; t-SNE starts from the first two of
    them, so that the large-scale order is kept (Kobak and Berens, 2019). The same seed gives the same map.

    Args:
        given: Embeddings, labels and rows.
        points: Points to draw at most; a larger input is sampled by class.
        seed: Seed of the sampling and of the layout.

    Returns:
        The map, or None where there are too few points, or all are the same.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    keep = stratified_sample(given.labels, points=points, seed=seed)
    embedding = np.asarray(given.embedding[keep], dtype=np.float32)
    embedding /= np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-12)
    if len(keep) < SMALLEST_MAP or len(np.unique(embedding, axis=0)) < SMALLEST_MAP:
        return None
    components = min(COMPONENTS, *embedding.shape)
    reduced = PCA(n_components=components, random_state=seed).fit_transform(embedding)
    if components < 2:
        reduced = np.column_stack([reduced, np.zeros(len(reduced), dtype=reduced.dtype)])
    layout = TSNE(
        n_components=2,
        perplexity=min(PERPLEXITY, (len(keep) - 1) / 3),
        max_iter=ITERATIONS,
        init="pca",
        learning_rate="auto",
        random_state=seed,
    ).fit_transform(reduced)
    layout = layout - (layout.max(axis=0) + layout.min(axis=0)) / 2
    layout /= max(float(np.abs(layout).max()), 1e-12)
    parts = tuple(given.parts[position] for position in keep)
    return EmbeddingMap(layout.astype(np.float32), given.labels[keep], given.rows[keep], parts)


def stratified_sample(labels: NDArray[np.int64], *, points: int, seed: int) -> NDArray[np.int64]:
    """Choose at most `points` positions, each class in proportion to its size, in ascending order.

    The positions are shuffled, each is given its place within its class as a fraction of the class, and those with
    the smallest fractions are kept: every class keeps nearly the same share of its rows.
    """
    count = len(labels)
    if count <= points:
        return np.arange(count)
    shuffled = np.random.default_rng(seed).permutation(count)
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, start, size = np.unique(labels[order], return_index=True, return_counts=True)
    place = np.arange(count) - np.repeat(start, size)
    fraction = (place + 0.5) / np.repeat(size, size)
    return np.sort(order[np.argsort(fraction, kind="stable")[:points]])
