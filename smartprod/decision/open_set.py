"""Open set: which products are unlike everything seen in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.state import State

if TYPE_CHECKING:
    from smartprod.fusion import ProductEmbeddings

_MAX_DIMENSIONS = 128
_ROWS_PER_DIMENSION = 4
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class RelativeMahalanobis:
    """Relative Mahalanobis distance on L2-normalised embeddings (RMDS; Ren et al., 2021, and RMDS++).

    The distance to the nearest class Gaussian, less the distance to the Gaussian of all training rows; all
    classes share one covariance.

    Attributes:
        mean: Mean of the training rows, float32 [D].
        components: Principal directions that distances are measured in, float32 [D, K].
        class_whitening: Whitening of the shared within-class covariance, float32 [K, K].
        class_means: Whitened class means, float32 [P, K].
        background_whitening: Whitening of the covariance of all rows, float32 [K, K].
    """

    mean: np.ndarray
    components: np.ndarray
    class_whitening: np.ndarray
    class_means: np.ndarray
    background_whitening: np.ndarray
    kind: ClassVar[str] = "rmds"

    def score(self, embedding: np.ndarray) -> np.ndarray:
        """How unlike the training rows each of N embeddings is, float32 [N]; higher is stranger."""
        projected = (unit_rows(embedding) - self.mean) @ self.components  # [N, K]
        whitened = projected @ self.class_whitening
        squares = (whitened**2).sum(axis=1)[:, None] + (self.class_means**2).sum(axis=1)[None]
        nearest = (squares - 2 * whitened @ self.class_means.T).min(axis=1)
        background = ((projected @ self.background_whitening) ** 2).sum(axis=1)
        return np.asarray(nearest - background, dtype=np.float32)

    def state(self) -> State:
        """The fitted state."""
        names = ("mean", "components", "class_whitening", "class_means", "background_whitening")
        return State(self.kind, {}, {name: getattr(self, name) for name in names})

    @classmethod
    def from_state(cls, state: State) -> RelativeMahalanobis:
        """Build it again from its state."""
        return cls(**state.arrays)


def fit_relative_mahalanobis(embedding: np.ndarray, labels: np.ndarray) -> RelativeMahalanobis:
    """Fit the Gaussians, with covariances shrunk after Ledoit and Wolf (2004).

    Args:
        embedding: float32 [N, D], N at least 2.
        labels: Class indices, int64 [N].
    """
    from sklearn.covariance import LedoitWolf
    from sklearn.decomposition import PCA

    rows = unit_rows(embedding)
    dimensions = max(1, min(_MAX_DIMENSIONS, len(rows) // _ROWS_PER_DIMENSION, rows.shape[1]))
    pca = PCA(dimensions, svd_solver="randomized" if dimensions < min(rows.shape) else "full", random_state=0)
    with np.errstate(invalid="ignore"):  # copies of one product have no variance to give shares of
        projected = pca.fit_transform(rows)
    present, position = np.unique(labels, return_inverse=True)
    means = np.stack([projected[position == number].mean(axis=0) for number in range(len(present))])
    within = LedoitWolf(assume_centered=True).fit(projected - means[position]).covariance_
    overall = LedoitWolf(assume_centered=True).fit(projected).covariance_
    # Copies of one product, or one row per class, leave no spread to measure by: a little is added.
    ridge = _RIDGE * max(float(np.trace(overall)) / dimensions, _RIDGE) * np.eye(dimensions)
    whitening = _whitening(within + ridge)
    return RelativeMahalanobis(
        pca.mean_.astype(np.float32),
        np.ascontiguousarray(pca.components_.T, dtype=np.float32),
        whitening,
        np.asarray(means @ whitening, dtype=np.float32),
        _whitening(overall + ridge),
    )


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale each row of [N, D] to length 1; rows of zeros stay."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def open_set_embedding(products: ProductEmbeddings, head: str) -> np.ndarray:
    """The embedding in which a head's products are compared: its modality's, or both side by side."""
    if head == "fused":
        return np.hstack([products.image.values, products.text.values])
    return products.image.values if head == "image" else products.text.values


def _whitening(covariance: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.linalg.cholesky(np.linalg.inv(covariance)), dtype=np.float32)
