"""What every open-set detector promises, and the embedding it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from smartprod.fusion import ProductEmbeddings
    from smartprod.state import State


@runtime_checkable
class OpenSetDetector(Protocol):
    """Tells how unlike the training products of one head a product is."""

    @property
    def kind(self) -> str:
        """Which method it is, such as `rmds`."""
        ...

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """How strange N products are, float32 [N]; higher is stranger. Each row is judged on its own.

        Args:
            embedding: Of the head's products (`open_set_embedding`), float32 [N, D].
            probabilities: What the head answered, calibrated, float32 [N, C].
        """
        ...

    def state(self) -> State:
        """The fitted state."""
        ...


def subspace_dimensions(
    embedding: np.ndarray, *, smallest_fit: int | None, rows_per_dimension: int, largest: int
) -> int:
    """How many principal directions of [N, D] a detector looks along; at least 1.

    Scores grow with their number. Detectors whose scores are compared, as those of the folds and the final one,
    choose it by the rows of the smallest of their fits, not each by its own N.
    """
    rows = len(embedding) if smallest_fit is None else min(smallest_fit, len(embedding))
    return max(1, min(largest, rows // rows_per_dimension, embedding.shape[1]))


def open_set_embedding(products: ProductEmbeddings, head: str) -> np.ndarray:
    """The embedding in which a head's products are compared: its modality's, or both side by side."""
    if head == "fused":
        return np.hstack([products.image.values, products.text.values])
    return products.image.values if head == "image" else products.text.values


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale each row of [N, D] to length 1; rows of zeros stay."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)
