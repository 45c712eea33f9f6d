"""Variants of a product, embedded as the model embeds, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.catalog import Status, reason_column, status_column
from smartprod.cleaning import CLEAN_SCHEMA
from smartprod.decision import LabelDecider
from smartprod.embeddings import MemoryStore, ModalityEmbeddings, load_embeddings
from smartprod.fusion import ProductEmbeddings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smartprod.decision import Decider
    from smartprod.embeddings import Extractor


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    """Asks the model about variants of one product.

    Attributes:
        extractor: The model's encoders.
        decider: Its decider.
        product: The embeddings of the product, one row.
        text: Its clean text.
    """

    extractor: Extractor
    decider: Decider | LabelDecider
    product: ProductEmbeddings
    text: str | None

    def probabilities_of_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities with other texts in place of the product's own, float32 [V, C]."""
        sink, count = MemoryStore(), len(texts)
        clean = {
            "row": range(count),
            "text": [text or None for text in texts],
            "truncated": [False] * count,
            status_column("text"): [Status.OK.value if text else Status.MISSING.value for text in texts],
            reason_column("text"): [None] * count,
        }
        index = self.extractor.join(
            self.extractor.embed_images(_photos([[]] * count), sink=sink),
            self.extractor.embed_texts(pa.table(clean, schema=CLEAN_SCHEMA), sink=sink),
        )
        embedded = load_embeddings(index, modality="text", store=sink)
        image = _repeated(self.product.image, count)
        return self._ask(ProductEmbeddings(image, embedded), [text or None for text in texts])

    def probabilities_of_photos(self, paths: Sequence[Path]) -> np.ndarray:
        """Calibrated probabilities with other photos in place of the product's own, float32 [V, C]."""
        sink, count = MemoryStore(), len(paths)
        clean = {
            "row": range(count),
            "text": [None] * count,
            "truncated": [False] * count,
            status_column("text"): [Status.MISSING.value] * count,
            reason_column("text"): [None] * count,
        }
        index = self.extractor.join(
            self.extractor.embed_images(_photos([[str(path)] for path in paths]), sink=sink),
            self.extractor.embed_texts(pa.table(clean, schema=CLEAN_SCHEMA), sink=sink),
        )
        embedded = load_embeddings(index, modality="image", store=sink)
        return self._ask(
            ProductEmbeddings(embedded, _repeated(self.product.text, count)), [self.text] * count
        )

    def probabilities_with(self, *, image: bool, text: bool) -> np.ndarray | None:
        """Calibrated probabilities with some modalities only, float32 [C]; None where no head can answer."""
        left = ProductEmbeddings(
            self.product.image if image else _removed(self.product.image),
            self.product.text if text else _removed(self.product.text),
        )
        probabilities = self._ask(left, [self.text if text else None])[0]
        return None if np.isnan(probabilities).any() else probabilities

    def _ask(self, products: ProductEmbeddings, texts: Sequence[str | None]) -> np.ndarray:
        if isinstance(self.decider, LabelDecider):
            return self.decider.probabilities(products)[1][:, self.decider.tree.carried]
        return self.decider.combine(products, texts if self.decider.asks_words else None).probabilities


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, which go on changing where probabilities saturate."""
    kept = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(kept) - np.log1p(-kept)


def _photos(images: list[list[str]]) -> pa.Table:
    """The columns of the product table that images are embedded from."""
    columns = {
        "row": range(len(images)),
        "images": pa.array(images, pa.list_(pa.string())),
        status_column("images"): [Status.OK.value if listed else Status.MISSING.value for listed in images],
        reason_column("images"): pa.nulls(len(images), pa.string()),
    }
    return pa.table(columns)


def _repeated(embeddings: ModalityEmbeddings, count: int) -> ModalityEmbeddings:
    return embeddings.take(np.zeros(count, dtype=np.int64))


def _removed(embeddings: ModalityEmbeddings) -> ModalityEmbeddings:
    return ModalityEmbeddings(
        np.zeros_like(embeddings.values), np.zeros_like(embeddings.present), embeddings.dims
    )
