"""Filling small classes: which other images a fold learns from, and what a representation makes of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.embeddings import ModalityEmbeddings, load_embeddings
from smartprod.fusion import ProductEmbeddings
from smartprod.resampling.resample import TrainingSet

if TYPE_CHECKING:
    from smartprod.embeddings import EmbeddingStore
    from smartprod.fusion import Fold, LearningData, Representation


@dataclass(frozen=True, slots=True, eq=False)
class Spares:
    """Other images that may be learned from, in the order in which they are taken.

    Every product's first one comes before any product's second: a class is filled by many products, not by many
    images of a few.

    Attributes:
        numbers: Positions in the table of other images, int64 [K].
        positions: The product of each, among the learning rows, int64 [K].
        images: Their embeddings.
        up_to: Training rows of a class at most.
    """

    numbers: np.ndarray
    positions: np.ndarray
    images: ModalityEmbeddings
    up_to: int

    def of_fold(self, data: LearningData, fold: Fold) -> np.ndarray:
        """Positions among the spares of those that a fold learns from, int64 [A].

        Only images of the fold's own training rows, and of each class as many as it lacks to `up_to` rows.
        """
        pictured = fold.train[data.products.image.present[fold.train]]
        rows = np.bincount(data.labels[pictured], minlength=len(data.classes))
        mine = np.flatnonzero(np.isin(self.positions, fold.train))
        labels = data.labels[self.positions[mine]]
        taken = [mine[labels == label][: max(0, self.up_to - rows[label])] for label in np.unique(labels)]
        return np.sort(np.concatenate(taken)) if taken else mine


def load_spares(other_images: pa.Table, data: LearningData, store: EmbeddingStore, *, up_to: int) -> Spares:
    """Load the other images that were not refused.

    Args:
        other_images: What was judged.
        data: The learning rows.
        store: The embedding store.
        up_to: Training rows of a class at most.
    """
    alike = np.asarray([reason is None for reason in other_images["refused"].to_pylist()], bool)
    numbers = np.flatnonzero(alike)
    rows = other_images["row"].to_numpy()[numbers]
    seen: Counter[int] = Counter()
    turn = np.zeros(len(rows), np.int64)  # how many of its product's images come before it
    for place, row in enumerate(rows.tolist()):
        turn[place] = seen[row]
        seen[row] += 1
    numbers = numbers[np.lexsort((numbers, turn))]
    images = load_embeddings(other_images, modality="image", store=store, rows=numbers)
    return Spares(numbers, np.searchsorted(data.rows, other_images["row"].to_numpy()[numbers]), images, up_to)


def embed_spares(
    spares: Spares, chosen: np.ndarray, data: LearningData, representation: Representation
) -> TrainingSet:
    """What a representation makes of products shown by their other images; their texts stay as they are.

    Args:
        spares: All that may be taken.
        chosen: Positions among them, int64 [A].
        data: The learning rows.
        representation: What embeds them; one of texts alone learns nothing from another image and gets none.
    """
    able = data.products.having(representation.requires)[spares.positions[chosen]]
    chosen = chosen[able] if representation.requires != ("text",) else chosen[:0]
    positions = spares.positions[chosen]
    products = ProductEmbeddings(spares.images.take(chosen), data.products.text.take(positions))
    return TrainingSet(representation.embed(products), data.labels[positions])


def mark_added(other_images: pa.Table, numbers: np.ndarray) -> pa.Table:
    """Write down which other images the final heads learn from."""
    added = np.zeros(other_images.num_rows, bool)
    added[numbers] = True
    place = other_images.schema.get_field_index("added")
    return other_images.set_column(place, other_images.schema.field(place), pa.array(added))
