"""A text encoder without a model: words, pairs of words and pieces of words, hashed into one vector.

Feature hashing with signs (Weinberger et al., 2009) keeps the cosines of the bags of words on average. What a sentence
encoder blurs, such as brands, model names and sizes, it keeps; so it is a second view beside one, not in its place. It
knows no language, learns nothing and needs no file; texts without spaces are seen by their pieces.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smartprod.encoders.base import Modality

_DIM = 1_024
_PIECES_WEIGHT = 0.5
_SCHEME = f"signed hashing v1: words 1-2, pieces 3-5 x {_PIECES_WEIGHT}, square roots, {_DIM}"
"""Changed with anything that changes an embedding; the fingerprint is made of it."""


class HashedWordsEncoder:
    """Counts of hashed words and pieces (see `base.TextEncoder`); a text's embedding has length 1."""

    name = "hashed-words"
    modality: Modality = "text"
    dim = _DIM
    weights_hash = hashlib.sha256(_SCHEME.encode()).hexdigest()
    fingerprint = hashlib.sha256(weights_hash.encode()).hexdigest()

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer

        settings: dict[str, Any] = {"n_features": self.dim, "norm": None, "dtype": np.float32}
        self._words = HashingVectorizer(ngram_range=(1, 2), **settings)
        self._pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **settings)

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to float32 `[B, dim]`, in the order given."""
        if len(batch) == 0:
            return np.zeros((0, self.dim), np.float32)
        words, pieces = (_damp(each.transform(batch)) for each in (self._words, self._pieces))
        return _unit(words + np.float32(_PIECES_WEIGHT) * pieces)


def _damp(counts: Any) -> NDArray[np.float32]:
    """Square roots of signed counts, scaled to length 1: the tenth time says less than the first. Sparse in, dense out."""
    dense = counts.toarray()
    return _unit(np.sign(dense) * np.sqrt(np.abs(dense)))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
