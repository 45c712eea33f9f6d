"""What the baseline learns from: the embedding of one encoder for each modality, as a notebook has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from smartprod.embeddings import ModalityEmbeddings
    from smartprod.fusion import ProductEmbeddings


def first_encoder(modality: ModalityEmbeddings) -> np.ndarray:
    """The embeddings of a modality's first encoder, each of length 1, float32 [N, D]."""
    return modality.values[:, : modality.sizes[0]]


def side_by_side(products: ProductEmbeddings) -> np.ndarray:
    """The first image encoder's and the first text encoder's embeddings, float32 [N, D]."""
    return np.hstack([first_encoder(products.image), first_encoder(products.text)])
