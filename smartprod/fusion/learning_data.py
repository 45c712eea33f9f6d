"""What the learning stages learn from: embedded products with labels, and the folds that validate them.

Every candidate is fitted once per fold on its training rows and asked about its validation rows, so that each
labelled row gets an answer from a model that has not seen it; then once more on everything, for use. Large
tables have a single fold: the split's train and val parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.embeddings import EmbeddingStore, load_embeddings
from smartprod.errors import TrainingError
from smartprod.fusion.alignment import align_learned_rows
from smartprod.fusion.products import MODALITIES, ProductEmbeddings

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.fusion.alignment import AlignmentRequest

FINAL_FOLD = "final"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One division of the learning rows.

    Attributes:
        name: `fold-0`, ...; `final` fits on everything and validates nothing.
        train: Positions among the learning rows, int64 [T].
        validation: Positions among the learning rows, int64 [V].
    """

    name: str
    train: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class LearningData:
    """Embedded products with labels.

    Attributes:
        classes: Class paths in index order, length C: the classes that have at least one learning row.
        rows: Positions in the product table, int64 [N].
        labels: Class indices, int64 [N].
        products: Their embeddings.
        folds: The validation folds.
        coarse: Coarse class of each class, int64 [C], for classifiers of two levels; None: to be found.
    """

    classes: tuple[str, ...]
    rows: np.ndarray
    labels: np.ndarray
    products: ProductEmbeddings
    folds: tuple[Fold, ...]
    coarse: np.ndarray | None = None

    @property
    def elements(self) -> int:
        """Numbers in all embeddings, which is what fits cost by."""
        return int(self.products.image.values.size + self.products.text.values.size)

    def final(self) -> Fold:
        """The fold that trains on every learning row."""
        return Fold(FINAL_FOLD, np.arange(len(self.rows)), np.zeros(0, dtype=np.int64))

    def validated(self) -> np.ndarray:
        """Positions of the rows that some fold validates, ascending, int64 [V]."""
        return np.sort(np.concatenate([fold.validation for fold in self.folds]))


def load_products(index: pa.Table, rows: np.ndarray | None, store: EmbeddingStore) -> ProductEmbeddings:
    """Load the embeddings of some rows (all for None) of an embedding index from the store."""
    image, text = (load_embeddings(index, rows=rows, modality=name, store=store) for name in MODALITIES)
    return ProductEmbeddings(image, text)


def load_learning_data(
    index: pa.Table, split: pa.Table, store: EmbeddingStore, *, alignment: AlignmentRequest | None = None
) -> LearningData:
    """Load the labelled rows of the train and val parts that have at least one embedding.

    Args:
        index: The `embedding_index` artefact.
        split: The `split` artefact: `row`, `label`, `part`, `fold`, and `domain` where rows are aligned.
        store: The embedding store.
        alignment: How rows of other domains are moved to the target domain; None: not at all.

    Raises:
        TrainingError: Fewer than two classes are left to tell apart, or no row is left to validate with.
    """
    parts = np.asarray(split["part"].to_pylist(), dtype=object)
    rows = np.flatnonzero((parts == "train") | (parts == "val"))
    products = load_products(index, rows, store)
    usable = products.image.present | products.text.present
    rows, products = rows[usable], products.take(usable)
    if alignment is not None:
        image = align_learned_rows(products.image, rows, index, split, store, alignment)
        products = ProductEmbeddings(image, products.text)
    names = np.asarray(split["label"].to_pylist(), dtype=object)[rows]
    classes, labels = (
        np.unique(names.astype(str), return_inverse=True) if len(rows) else (np.zeros(0, str), rows)
    )
    if len(classes) < 2:
        raise TrainingError(
            "SP501",
            f"{len(rows)} labelled training rows with {len(classes)} classes: there is nothing to tell apart",
            fix="at least two categories need labelled rows: check catalog.columns.category, catalog.classes and the split account printed above",
        )
    folds = _folds(np.asarray(split["fold"].to_numpy())[rows], parts[rows])
    return LearningData(tuple(classes.tolist()), rows, labels.astype(np.int64), products, folds)


def _folds(fold_of_row: np.ndarray, parts: np.ndarray) -> tuple[Fold, ...]:
    numbers = sorted({int(number) for number in fold_of_row if number >= 0})
    if numbers:
        divisions = [(f"fold-{number}", fold_of_row == number) for number in numbers]
    else:
        divisions = [("fold-0", parts == "val")]
    folds = [Fold(name, np.flatnonzero(~held), np.flatnonzero(held)) for name, held in divisions]
    if not any(len(fold.validation) for fold in folds):
        raise TrainingError(
            "SP502",
            "no labelled row is left to validate with",
            fix="label more products (some categories need two rows at least), or set split.val_fraction above 0, or split.folds to 2 or more",
        )
    return tuple(folds)
