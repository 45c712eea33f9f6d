"""What the stages for several labels learn from: embedded products, their label sets, and the folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.classifiers.label_sets.tree import LabelTree
from smartprod.fusion import LearningData, load_learning_data

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from smartprod.embeddings import EmbeddingStore


@dataclass(frozen=True, slots=True, eq=False)
class LabelData:
    """Products with several labels.

    Attributes:
        learning: Their embeddings, rows and folds; its `classes` and `labels` are the rarest label of each row.
        tree: All labels.
        targets: Which labels each row has, those above its own included, bool [N, K].
    """

    learning: LearningData
    tree: LabelTree
    targets: np.ndarray


def load_label_data(index: pa.Table, split: pa.Table, store: EmbeddingStore, *, separator: str) -> LabelData:
    """Load the labelled rows of the train and val parts.

    Args:
        index: The `embedding_index` artefact.
        split: The `split` artefact of the stage `split-labels`.
        store: The embedding store.
        separator: Between the levels of a path.

    Raises:
        TrainingError: SP501, SP502 where there is nothing to learn or to validate with.
    """
    learning = load_learning_data(index, split, store)
    label_sets = split["labels"].take(learning.rows).to_pylist()
    tree = LabelTree.of((label for labels in label_sets for label in labels), separator)
    return LabelData(learning, tree, tree.targets(label_sets))
