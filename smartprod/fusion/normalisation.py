"""Normalise each encoder's embeddings by what its training rows look like: standardised, or whitened half way.

The directions in which embeddings vary most are often not those that tell classes apart, and a linear classifier with a
norm penalty hears them first. Whitening divides each principal direction by its spread; all the way it blows up the
noise of the smallest ones, so it goes half way, by the square root of the spread, with the covariance shrunk towards a
sphere (Ledoit and Wolf, 2004). Every encoder's part is then scaled to length 1 again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.config.learning import Normalisation
    from smartprod.embeddings import ModalityEmbeddings
    from smartprod.fusion.products import Modality, ProductEmbeddings

_HALF_WAY = 0.25
"""Power of the variances that directions are divided by: 0 leaves them, 1/2 whitens all the way."""
_MOST_ROWS = 4_000
_PREFIX = "normaliser"


@dataclass(frozen=True, slots=True, eq=False)
class EncoderNormaliser:
    """What one encoder's embeddings are shifted and stretched by.

    Attributes:
        center: Mean of the training rows, float32 [D].
        scale: Factors float32 [D], or a linear map float32 [D, K].
    """

    center: np.ndarray
    scale: np.ndarray

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Normalise [N, D] to rows of length 1, float32 [N, D] or [N, K]."""
        shifted = values - self.center
        mapped = shifted * self.scale if self.scale.ndim == 1 else shifted @ self.scale
        return mapped / np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), np.float32(1e-12))


@dataclass(frozen=True, slots=True, eq=False)
class Normaliser:
    """Normalisers of all encoders.

    Attributes:
        encoders: Those of each modality, in the order in which its embeddings stand side by side.
    """

    encoders: Mapping[Modality, tuple[EncoderNormaliser, ...]]

    def apply(self, products: ProductEmbeddings, name: Modality) -> np.ndarray:
        """Normalise one modality of N products, float32 [N, K]; rows without it stay zero."""
        embeddings = products.modality(name)
        parts, start = [], 0
        for encoder in self.encoders[name]:
            end = start + len(encoder.center)
            parts.append(encoder.apply(embeddings.values[:, start:end]))
            start = end
        return np.where(embeddings.present[:, None], np.hstack(parts), np.float32(0))

    def arrays(self) -> dict[str, np.ndarray]:
        """Its arrays under names that keep them apart from other arrays of a state."""
        return {
            f"{_PREFIX}.{name}.{number}.{part}": array
            for name, encoders in self.encoders.items()
            for number, encoder in enumerate(encoders)
            for part, array in (("center", encoder.center), ("scale", encoder.scale))
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Normaliser | None:
        """The normaliser among the arrays of a state; None where there is none."""
        encoders: dict[Modality, tuple[EncoderNormaliser, ...]] = {}
        names: tuple[Modality, ...] = ("image", "text")
        for name in names:
            keys = [f"{_PREFIX}.{name}.{number}" for number in range(len(arrays))]
            encoders[name] = tuple(
                EncoderNormaliser(arrays[f"{key}.center"], arrays[f"{key}.scale"])
                for key in keys
                if f"{key}.center" in arrays
            )
        return cls(encoders) if any(encoders.values()) else None


def fit_normaliser(products: ProductEmbeddings, method: Normalisation, *, seed: int) -> Normaliser | None:
    """Fit on training rows; those that lack a modality do not count for it.

    Args:
        products: The training rows of a fold, some of them with each modality.
        method: `l2` leaves embeddings as the extraction scaled them, and gives None.
        seed: Of the drawing of rows, where there are more than 4,000.
    """
    if method == "l2":
        return None
    return Normaliser(
        {
            "image": _fit_modality(products.image, method, seed),
            "text": _fit_modality(products.text, method, seed),
        }
    )


def _fit_modality(
    embeddings: ModalityEmbeddings, method: Normalisation, seed: int
) -> tuple[EncoderNormaliser, ...]:
    rows = np.flatnonzero(embeddings.present)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
    fit = _fit_standard if method == "standard" else _fit_whitening
    ends = np.cumsum(embeddings.sizes)
    return tuple(
        fit(embeddings.values[rows, end - size : end])
        for size, end in zip(embeddings.sizes, ends, strict=True)
    )


def _fit_standard(values: np.ndarray) -> EncoderNormaliser:
    spread = values.std(axis=0)
    # What never varied in training says nothing; it is not blown up where it does later.
    scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0)
    return EncoderNormaliser(values.mean(axis=0), scale.astype(np.float32))


def _fit_whitening(values: np.ndarray) -> EncoderNormaliser:
    from sklearn.covariance import ledoit_wolf_shrinkage

    center = values.mean(axis=0)
    shifted = values - center
    _, singular, directions = np.linalg.svd(shifted, full_matrices=False)
    # Directions in which the training rows do not vary are left out: nothing can be learned of them.
    kept = singular > 1e-4 * max(float(singular.max(initial=0)), 1e-6)
    if not kept.any():
        return EncoderNormaliser(center, np.ones(values.shape[1], dtype=np.float32))
    variances = singular**2 / len(values)
    shrinkage = float(ledoit_wolf_shrinkage(shifted, assume_centered=True))
    shrunk = (1 - shrinkage) * variances + shrinkage * variances.sum() / values.shape[1]
    return EncoderNormaliser(
        center, np.ascontiguousarray(directions[kept].T / shrunk[kept] ** _HALF_WAY, dtype=np.float32)
    )
