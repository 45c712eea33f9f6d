"""From the embedding index to arrays: one row per product, encoders side by side, a mask for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.embeddings.index import encoders_of
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from smartprod.embeddings.index import EncoderRecord
    from smartprod.embeddings.store import EmbeddingSource
    from smartprod.encoders import Modality

_ROWS_PER_CHUNK = 8_192


@dataclass(frozen=True, slots=True, eq=False)
class ModalityEmbeddings:
    """The embeddings of N products in one modality.

    Attributes:
        values: float32 `[N, D]`, the encoders' embeddings side by side, each scaled to length 1; zero where missing.
        present: Which products have one, bool `[N]`.
        dims: Length of each encoder's embedding; empty stands for a single encoder.
    """

    values: NDArray[np.float32]
    present: NDArray[np.bool_]
    dims: tuple[int, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Length of each encoder's embedding, summing to D."""
        return self.dims or (self.values.shape[1],)

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> ModalityEmbeddings:
        """Some of the products, by position or by mask."""
        return ModalityEmbeddings(self.values[index], self.present[index], self.dims)


def load_embeddings(
    index: pa.Table, *, modality: Modality, store: EmbeddingSource, rows: NDArray[np.integer] | None = None
) -> ModalityEmbeddings:
    """Load the embeddings of some rows of an embedding index.

    Several images of a product are averaged, and the mean scaled to length 1 again.

    Args:
        index: The embedding index, with its encoders in the metadata.
        modality: `image` or `text`.
        store: Where the embeddings are.
        rows: Positions in the index, in the order wanted; all for None.

    Raises:
        EncoderError: The index names no encoders (SP422), or the store lacks an embedding that it lists (SP423).
    """
    encoders = [encoder for encoder in encoders_of(index) if encoder.modality == modality]
    chosen = index if rows is None else index.take(rows)
    keys = _keys_per_row(chosen, modality)
    values = np.zeros((len(keys), sum(encoder.dim for encoder in encoders)), np.float32)
    # In pieces: with several images per product the looked-up embeddings outnumber the rows.
    for start in range(0, len(keys), _ROWS_PER_CHUNK):
        part = slice(start, start + _ROWS_PER_CHUNK)
        column = 0
        for encoder in encoders:
            values[part, column : column + encoder.dim] = _encoder_block(keys[part], encoder, store)
            column += encoder.dim
    present = np.array([bool(row) for row in keys], bool) & bool(encoders)
    return ModalityEmbeddings(values, present, tuple(encoder.dim for encoder in encoders))


def _keys_per_row(index: pa.Table, modality: Modality) -> list[list[str]]:
    if modality == "image":
        keys: list[list[str]] = index["image_keys"].to_pylist()
        return keys
    return [[key] if key is not None else [] for key in index["text_key"].to_pylist()]


def _encoder_block(
    keys: list[list[str]], encoder: EncoderRecord, store: EmbeddingSource
) -> NDArray[np.float32]:
    """Give one encoder's embeddings, float32 `[N, encoder.dim]`, of rows with any number of keys each."""
    block = np.zeros((len(keys), encoder.dim), np.float32)
    flat = [key for row in keys for key in row]
    if not flat:
        return block
    found, embeddings = store.get(encoder.fingerprint, flat)
    if not found.all():
        raise EncoderError(
            "SP423",
            f"The embedding store lacks {int((~found).sum())} of {len(found)} embeddings of the encoder {encoder.name!r}.",
            fix="The store was moved, changed or deleted (extract.store): run the stage `extract` again by force.",
        )
    embeddings = normalise(embeddings)
    counts = np.array([len(row) for row in keys])
    if (counts == 1).all():  # the common case, at half the time
        return embeddings
    starts = np.cumsum(counts) - counts
    block[counts == 1] = embeddings[starts[counts == 1]]
    if (counts > 1).any():
        means = np.add.reduceat(embeddings, starts[counts > 0])
        block[counts > 1] = normalise(means[counts[counts > 0] > 1])
    return block


def normalise(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row of `[N, D]` to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.divide(embeddings, lengths, out=np.zeros_like(embeddings), where=lengths > 0)
