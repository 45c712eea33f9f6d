"""The embeddings of some products, image and text side by side, with masks for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.embeddings import ModalityEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

Modality = Literal["image", "text"]
MODALITIES: tuple[Modality, ...] = ("image", "text")


@dataclass(frozen=True, slots=True, eq=False)
class ProductEmbeddings:
    """Image and text embeddings of the same N products.

    Attributes:
        image: Image embeddings, float32 [N, Di], and which rows have one, bool [N]. Di is 0 without encoder.
        text: Text embeddings, float32 [N, Dt], and which rows have one, bool [N].
    """

    image: ModalityEmbeddings
    text: ModalityEmbeddings

    def __len__(self) -> int:
        return len(self.image.present)

    def modality(self, name: Modality) -> ModalityEmbeddings:
        """The embeddings of one modality."""
        return self.image if name == "image" else self.text

    def take(self, index: np.ndarray) -> ProductEmbeddings:
        """Some of the products, by position or by mask."""
        return ProductEmbeddings(self.image.take(index), self.text.take(index))

    def having(self, modalities: Sequence[Modality]) -> np.ndarray:
        """Which products have all of `modalities`, bool [N]."""
        mask = np.ones(len(self), dtype=bool)
        for name in modalities:
            mask &= self.modality(name).present
        return mask
