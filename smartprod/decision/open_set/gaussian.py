"""Open set by distances to Gaussians: Mahalanobis, and the relative Mahalanobis distance."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from smartprod.decision.open_set.detector import subspace_dimensions, unit_rows
from smartprod.state import State

if TYPE_CHECKING:
    from typing import Self

_MAX_DIMENSIONS = 256
_ROWS_PER_DIMENSION = 2
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Mahalanobis:
    """Distance to the nearest class, under one covariance that all classes share (Lee et al., 2018).

    Attributes:
        mean: Mean of the training rows, float32 [D].
        components: Principal directions that distances are measured in, float32 [D, K].
        class_whitening: Whitening of the shared within-class covariance, float32 [K, K].
        class_means: Whitened class means, float32 [P, K].
    """

    mean: np.ndarray
    components: np.ndarray
    class_whitening: np.ndarray
    class_means: np.ndarray
    kind: ClassVar[str] = "mahalanobis"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Squared distance of N embeddings to their nearest class, float32 [N]."""
        del probabilities
        return _nearest(self._project(embedding) @ self.class_whitening, self.class_means)

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {}, {each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build it again from its state."""
        return cls(**state.arrays)

    def _project(self, embedding: np.ndarray) -> np.ndarray:
        return np.asarray((unit_rows(embedding) - self.mean) @ self.components)  # [N, K]


@dataclass(frozen=True, slots=True, eq=False)
class RelativeMahalanobis(Mahalanobis):
    """Relative Mahalanobis distance on L2-normalised embeddings (RMDS: Ren et al., 2021; RMDS++: Mueller and Hein, 2025).

    The distance to the nearest class Gaussian, less the distance to the Gaussian of all training rows: what is
    unusual for every product alike counts for nothing.

    Attributes:
        background_whitening: Whitening of the covariance of all training rows, float32 [K, K].
    """

    background_whitening: np.ndarray
    kind: ClassVar[str] = "rmds"

    def score(self, embedding: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Squared distance of N embeddings to their nearest class, less that to all rows, float32 [N]."""
        del probabilities
        projected = self._project(embedding)
        background = ((projected @ self.background_whitening) ** 2).sum(axis=1)
        return _nearest(projected @ self.class_whitening, self.class_means) - background


def fit_mahalanobis(
    embedding: np.ndarray, labels: np.ndarray, *, smallest_fit: int | None = None
) -> Mahalanobis:
    """Fit the class Gaussians; arguments as for `fit_relative_mahalanobis`."""
    fitted = fit_relative_mahalanobis(embedding, labels, smallest_fit=smallest_fit)
    return Mahalanobis(fitted.mean, fitted.components, fitted.class_whitening, fitted.class_means)


def fit_relative_mahalanobis(
    embedding: np.ndarray, labels: np.ndarray, *, smallest_fit: int | None = None
) -> RelativeMahalanobis:
    """Fit the Gaussians in the principal subspace, with covariances shrunk after Ledoit and Wolf (2004).

    Args:
        embedding: float32 [N, D], N at least 1.
        labels: Class indices, int64 [N].
        smallest_fit: Rows of the smallest fit whose scores are compared with this one's; None: N.
    """
    from sklearn.covariance import LedoitWolf
    from sklearn.decomposition import PCA

    rows = unit_rows(embedding)
    dimensions = subspace_dimensions(
        rows, smallest_fit=smallest_fit, rows_per_dimension=_ROWS_PER_DIMENSION, largest=_MAX_DIMENSIONS
    )
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


def _nearest(whitened: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Squared distance of [N, K] to the nearest of [P, K], float32 [N]."""
    squares = (whitened**2).sum(axis=1)[:, None] + (means**2).sum(axis=1)[None]
    return np.asarray((squares - 2 * whitened @ means.T).min(axis=1), dtype=np.float32)


def _whitening(covariance: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.linalg.cholesky(np.linalg.inv(covariance)), dtype=np.float32)
