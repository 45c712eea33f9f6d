"""The training products that are nearest to a product, by the embeddings that the model folder keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.fusion import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.embeddings import ModalityEmbeddings
    from smartprod.fusion import ProductEmbeddings
    from smartprod.model import ShownProduct, ShownReference


@dataclass(frozen=True, slots=True)
class SimilarProduct:
    """A training product near the one asked about.

    Attributes:
        product: The training product.
        similarity: Mean cosine over the modalities that both have.
        image: Cosine of the photos; None where one of the two has none.
        text: Cosine of the texts; None where one of the two has none.
    """

    product: ShownProduct
    similarity: float
    image: float | None
    text: float | None


class SimilarProducts:
    """The reference rows of a model, ready to be searched.

    Args:
        kept: Their embeddings, and what is shown of them; None where the model carries none.
    """

    def __init__(self, kept: ShownReference | None) -> None:
        self._kept = kept

    @property
    def carries_products(self) -> bool:
        """Whether the model shows training products at all."""
        return self._kept is not None

    @property
    def shown(self) -> Sequence[ShownProduct]:
        """The products, in the order of the training table."""
        return () if self._kept is None else self._kept.shown

    def nearest(
        self, product: ProductEmbeddings, *, count: int, without_id: str | None = None
    ) -> tuple[SimilarProduct, ...] | None:
        """Find the nearest ones; None where the model carries no training products.

        Args:
            product: The embeddings of one product.
            count: Most to give.
            without_id: Id of the product itself, which is no news.
        """
        if self._kept is None:
            return None
        cosines = np.stack(
            [_cosines(product.modality(name), self._kept.products.modality(name)) for name in MODALITIES]
        )  # [2, M]
        known = ~np.isnan(cosines)
        similarity = np.where(known, cosines, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        similarity[~known.any(axis=0)] = -np.inf
        found: list[SimilarProduct] = []
        for position in np.argsort(-similarity, kind="stable").tolist():
            shown = self._kept.shown[position]
            if len(found) == count or not known[:, position].any():
                break
            if without_id is None or shown.id != without_id:
                image, text = (None if np.isnan(value) else float(value) for value in cosines[:, position])
                found.append(SimilarProduct(shown, float(similarity[position]), image, text))
        return tuple(found)


def _cosines(one: ModalityEmbeddings, many: ModalityEmbeddings) -> np.ndarray:
    """Mean cosine over the encoders of a modality, NaN where one side has none, float32 [M]."""
    cosines = np.full(len(many.present), np.nan, dtype=np.float32)
    if one.present[0]:  # each encoder's block has length 1
        cosines[many.present] = many.values[many.present] @ one.values[0] / max(len(one.sizes), 1)
    return cosines
