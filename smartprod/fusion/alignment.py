"""Alignment of domains: image embeddings of labelled rows of other domains are moved to where the target's lie.

The target's own embeddings stay as they are, so that a model answers new rows of the target as it would without: nothing has to
be known of a row when it is scored, and nothing is added to the model. Labels take no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from smartprod.embeddings import ModalityEmbeddings, find_domain_rows, load_embeddings
from smartprod.errors import TrainingError

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.config.learning import AlignmentMethod
    from smartprod.config.schema import DomainsConfig
    from smartprod.embeddings import DomainRows, EmbeddingSource

LEAST_ROWS = 10
"""Rows of a domain below which its mean and spread say nothing."""
_MOST_SEEN = 20_000
"""Rows of the target domain that are loaded beside the learned ones at most."""
_LEAST_SPREAD = 0.05
"""Part of the mean spread below which a dimension is not stretched further."""


@dataclass(frozen=True, slots=True)
class AlignmentRequest:
    """What the configuration asks for.

    Attributes:
        method: `mean`, `standard` or `coral`.
        domains: Which domains are the target, and which of their photos may be seen.
    """

    method: AlignmentMethod
    domains: DomainsConfig

    def rows(self, split: pa.Table) -> DomainRows:
        """Find the rows of each domain in the `split` artefact."""
        return find_domain_rows(split["domain"].to_pylist(), split["part"].to_pylist(), self.domains)


def alignment_request(config: Config) -> AlignmentRequest | None:
    """What the configuration asks for; None where nothing is aligned."""
    method = config.fuse.align.method
    return None if method == "none" else AlignmentRequest(method, config.catalog.domains)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A map of one encoder's embeddings from a domain to another.

    Attributes:
        source_mean: float32 [D].
        target_mean: float32 [D].
        stretch: Factors float32 [D], a linear map float32 [D, D], or None.
    """

    source_mean: np.ndarray
    target_mean: np.ndarray
    stretch: np.ndarray | None = None

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Map [N, D] of the source to rows of length 1, float32 [N, D]."""
        moved = values - self.source_mean
        if self.stretch is not None:
            moved = moved * self.stretch if self.stretch.ndim == 1 else moved @ self.stretch
        moved = moved + self.target_mean
        return (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def fit_alignment(source: np.ndarray, target: np.ndarray, method: AlignmentMethod) -> Alignment:
    """Fit on embeddings [N, D] and [M, D].

    Args:
        source: Of the labelled rows of other domains.
        target: Of rows of the target domain.
        method: `mean` moves the mean. `standard` also gives each dimension the target's spread. `coral` gives the target's
            covariance (CORAL: Sun, Feng and Saenko, 2016), both shrunk towards a sphere (Ledoit and Wolf, 2004).

    Raises:
        TrainingError: (SP519) A domain has too few rows.
    """
    if min(len(source), len(target)) < LEAST_ROWS:
        raise TrainingError(
            "SP519",
            f"domains are aligned by their means and spreads, and there are {len(source)} labelled image embeddings of other "
            f"domains and {len(target)} of the target domain: {LEAST_ROWS} of each are the least",
            where="fuse.align, catalog.domains",
            fix="add unlabelled rows of the target domain, or set fuse.align.method to none",
        )
    means = source.mean(axis=0), target.mean(axis=0)
    if method == "mean":
        return Alignment(*means)
    if method == "standard":
        spreads = [_floored(each.std(axis=0)) for each in (source, target)]
        return Alignment(*means, stretch=spreads[1] / spreads[0])
    whiten, colour = (
        _power_of_covariance(source - means[0], -0.5),
        _power_of_covariance(target - means[1], 0.5),
    )
    return Alignment(*means, stretch=(whiten @ colour).astype(np.float32))


def _floored(spread: np.ndarray) -> np.ndarray:
    return np.maximum(spread, max(_LEAST_SPREAD * float(spread.mean()), 1e-12))


def _power_of_covariance(centered: np.ndarray, power: float) -> np.ndarray:
    from sklearn.covariance import ledoit_wolf

    values, vectors = np.linalg.eigh(ledoit_wolf(centered, assume_centered=True)[0])
    return (vectors * np.maximum(values, 1e-12) ** power) @ vectors.T


def align_embeddings(
    embeddings: ModalityEmbeddings, source: np.ndarray, target: np.ndarray, method: AlignmentMethod
) -> ModalityEmbeddings:
    """Align each encoder's embeddings of some rows with those of others.

    Args:
        embeddings: Of N rows.
        source: Rows to move, bool [N].
        target: Rows to move them to, bool [N].
        method: See `fit_alignment`.
    """
    source, target = source & embeddings.present, target & embeddings.present
    values, start = embeddings.values.copy(), 0
    for size in embeddings.sizes:
        block = slice(start, start + size)
        fitted = fit_alignment(values[source, block], values[target, block], method)
        values[source, block] = fitted.apply(values[source, block])
        start += size
    return replace(embeddings, values=values)


def align_learned_rows(
    learned: ModalityEmbeddings,
    rows: np.ndarray,
    index: pa.Table,
    split: pa.Table,
    store: EmbeddingSource,
    request: AlignmentRequest,
) -> ModalityEmbeddings:
    """Align the image embeddings of the learned rows with the target domain's photos that may be seen.

    Args:
        learned: Of N learned rows.
        rows: Their positions in the table, int64 [N].
        index: The `embedding_index` artefact.
        split: The `split` artefact.
        store: The embedding store.
        request: How, and what is the target.
    """
    domains = request.rows(split)
    source = domains.source[rows]
    if not (source & learned.present).any():
        return learned
    unlearned = domains.seen.copy()
    unlearned[rows] = False
    others = np.flatnonzero(unlearned)
    if len(others) > _MOST_SEEN:
        others = others[np.linspace(0, len(others) - 1, _MOST_SEEN).astype(np.int64)]
    beside = load_embeddings(index, modality="image", store=store, rows=others)
    together = ModalityEmbeddings(
        np.vstack([learned.values, beside.values]),
        np.concatenate([learned.present, beside.present]),
        learned.dims,
    )
    nothing, everything = np.zeros(len(others), dtype=bool), np.ones(len(others), dtype=bool)
    aligned = align_embeddings(
        together,
        np.concatenate([source, nothing]),
        np.concatenate([domains.seen[rows], everything]),
        request.method,
    )
    return aligned.take(np.arange(len(rows)))
