"""Answer for products that were extracted already: their embeddings are looked up, and nothing is cleaned or decoded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from smartprod.embeddings import load_embeddings
from smartprod.fusion import MODALITIES, ProductEmbeddings
from smartprod.model.answerer import Answers

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.decision import Decider
    from smartprod.embeddings import EmbeddingSource


def answer_indexed(
    decider: Decider, products: pa.Table, index: pa.Table, *, store: EmbeddingSource
) -> Answers:
    """Answer for a batch of rows.

    Args:
        decider: Of a model whose encoders are those of the index; see `check_encoders`.
        products: Rows of the product table; the columns of texts and images may be left out.
        index: Their embedding index.
        store: Where their embeddings are.

    Raises:
        EncoderError: (SP423) The store lacks an embedding that the index lists.
    """
    load = partial(load_embeddings, index, store=store)
    with ThreadPoolExecutor(len(MODALITIES), thread_name_prefix="look-up") as pool:
        image, text = pool.map(lambda modality: load(modality=modality), MODALITIES)
    return Answers(products, index, decider.decide(ProductEmbeddings(image, text)))
