"""Macro-categories: groups of classes whose products look and read alike, whatever the category tree says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers import ClassClusters, class_means, cluster_classes

if TYPE_CHECKING:
    from smartprod.fusion import ProductEmbeddings

ROWS_PER_CLASS = 200
"""Rows of each class that its mean is taken over, at most."""


@dataclass(frozen=True, slots=True)
class MacroCategory:
    """One group of classes.

    Attributes:
        name: The ancestor that all its classes share, or its largest classes.
        classes: Class indices, in the order of the dendrogram.
        rows: Training rows of these classes.
    """

    name: str
    classes: tuple[int, ...]
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class MacroCategories:
    """The groups, and the tree that they are cut from.

    Attributes:
        embedding: What was compared: `image`, `text` or `image + text`.
        members: Class indices of the tree's leaves, ascending, int64 [M]: the classes that have rows.
        tree: The tree of those classes.
        groups: The macro-categories in the order of the dendrogram.
        given: Whether their number was given, and not chosen by silhouette.
    """

    embedding: str
    members: np.ndarray
    tree: ClassClusters
    groups: tuple[MacroCategory, ...]
    given: bool


def find_macro_categories(
    products: ProductEmbeddings,
    labels: np.ndarray,
    classes: tuple[str, ...],
    *,
    number: int | None,
    separator: str,
) -> MacroCategories | None:
    """Cluster the classes by the mean embeddings of their rows, image and text side by side with equal weight.

    A class that lacks a modality is compared by the other one.

    Args:
        products: Embeddings of N labelled rows.
        labels: Their class indices, int64 [N].
        classes: Class paths, length C.
        number: How many groups; None: by silhouette.
        separator: What separates the levels of a path.

    Returns:
        The groups; None with fewer than three classes.
    """
    means, used = [], []
    for name in ("image", "text"):
        each = products.modality(name)
        if each.present.any():
            means.append(class_means(each.values[each.present], labels[each.present], classes=len(classes)))
            used.append(name)
    counts = np.bincount(labels, minlength=len(classes))
    if not means or (counts > 0).sum() < 3:
        return None
    together = np.hstack(means)
    members = np.flatnonzero(np.abs(together).sum(axis=1) > 0)
    tree = cluster_classes(together[members], number=number)
    ordered = members[tree.order]
    clusters = tree.clusters[tree.order]
    groups = []
    for cluster in range(tree.number):
        own = ordered[clusters == cluster]
        name = group_name([classes[index] for index in own], counts[own], separator=separator)
        groups.append(MacroCategory(name, tuple(own.tolist()), int(counts[own].sum())))
    return MacroCategories(" + ".join(used), members, tree, tuple(groups), number is not None)


def group_name(paths: list[str], counts: np.ndarray, *, separator: str) -> str:
    """Name a group after the deepest ancestor that its classes share, else after its largest two classes."""
    levels = [path.split(separator) for path in paths]
    shared = []
    for names in zip(*levels, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    if shared:
        return separator.join(shared)
    largest = sorted(range(len(paths)), key=lambda index: (-counts[index], paths[index]))
    leaves = list(dict.fromkeys(levels[index][-1] for index in largest))
    return ", ".join(leaves[:2]) + (", …" if len(leaves) > 2 else "")


def sample_rows(labels: np.ndarray, *, seed: int) -> np.ndarray:
    """Positions of at most `ROWS_PER_CLASS` rows of each class, drawn at random, ascending, int64 [M]."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    kept = [shuffled[labels[shuffled] == label][:ROWS_PER_CLASS] for label in np.unique(labels[labels >= 0])]
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, dtype=np.int64)
