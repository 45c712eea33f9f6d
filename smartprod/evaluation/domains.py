"""Domains (where photos come from): scores for each, and how far apart their image embeddings lie."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartprod.embeddings import find_domain_rows, load_embeddings
from smartprod.evaluation.data import EmbeddingMapInput, HeadPredictions
from smartprod.fusion import LEAST_ROWS, align_embeddings

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.embeddings import EmbeddingSource

MOST_ROWS = 500
"""Rows of each domain that are compared at most."""
_FOLDS = 5
_C = 10.0


@dataclass(frozen=True, slots=True)
class DomainScore:
    """How the chosen head does on the test rows of one domain."""

    domain: str
    rows: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True, eq=False)
class DomainGap:
    """Two domains' image embeddings, before and after alignment.

    Attributes:
        source: Name of what is learned from.
        target: Name of what is compared with it.
        method: Of the alignment; `none`: there is nothing after.
        seen_test: How many test photos the alignment looked at.
        before: How well a linear classifier tells the domains apart (AUROC), as they are.
        after: The same after alignment, or NaN.
        maps: What to draw: before, and after where there is one; a point's label is 0 for the source.
    """

    source: str
    target: str
    method: str
    seen_test: int
    before: float
    after: float
    maps: tuple[EmbeddingMapInput, ...]


def domain_auroc(source: NDArray[np.float32], target: NDArray[np.float32], *, seed: int) -> float:
    """How well a linear classifier tells the rows of two domains apart, as held-out AUROC.

    0.5 or less: not at all; 1: always. Domains with the same mean get less than 0.5, because a held-out row pulls the mean
    of its own domain away from it: the score says that the means no longer tell, not how alike the rest is. It is the proxy A-distance of Ben-David et al. (2007) on another scale. Each domain
    weighs the same, and the folds are stratified.

    Args:
        source: Embeddings of the one domain, float32 [N, D].
        target: Of the other one, float32 [M, D].
        seed: Of the drawing of rows, where there are very many, and of the folds.

    Returns:
        The mean over five folds; NaN where a domain has fewer than ten rows.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    if min(len(source), len(target)) < LEAST_ROWS:
        return math.nan
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(each)[:MOST_ROWS] for each in (source, target)]
    domains = np.repeat([0, 1], [len(each) for each in drawn])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegression(C=_C, class_weight="balanced", max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = cross_val_score(model, np.vstack(drawn), domains, cv=folds, scoring="roc_auc")
    return float(scores.mean())


def domain_scores(predictions: HeadPredictions, domains: NDArray[np.str_]) -> tuple[DomainScore, ...]:
    """Score a head on the rows of each domain, the largest first.

    Args:
        predictions: Of the test part.
        domains: Domain of each row of the table; an empty text where it is not known.
    """
    from sklearn.metrics import f1_score

    learned = predictions.learned()
    found = []
    for name in sorted(set(domains[learned.rows].tolist()) - {""}):
        own = domains[learned.rows] == name
        truth, answers = learned.labels[own], learned.predicted[own]
        macro_f1 = f1_score(truth, answers, average="macro", labels=np.unique(truth), zero_division=0)
        found.append(DomainScore(name, int(own.sum()), float((truth == answers).mean()), float(macro_f1)))
    return tuple(sorted(found, key=lambda each: -each.rows))


def measure_gap(index: pa.Table, split: pa.Table, store: EmbeddingSource, config: Config) -> DomainGap | None:
    """Compare two domains' image embeddings, as they are and as the run aligned them; None without two domains.

    Without alignment, the domain that most labelled rows are of is compared with the largest other one.
    """
    domains = np.asarray([each or "" for each in split["domain"].to_pylist()])
    parts = split["part"].to_pylist()
    learned = np.isin(np.asarray(parts), ["train", "val"])
    method, seen_test = config.fuse.align.method, 0
    if method == "none":
        pair = _two_largest(domains, learned)
        if pair is None:
            return None
        source, target = (learned & (domains == pair[0])), (domains == pair[1])
    else:
        rows = find_domain_rows(domains.tolist(), parts, config.catalog.domains)
        pair = "other domains", ", ".join(rows.target)
        source, target, seen_test = rows.source, rows.seen, rows.with_test
    rng = np.random.default_rng(config.run.seed)
    chosen = [np.sort(rng.permutation(np.flatnonzero(mask))[:MOST_ROWS]) for mask in (source, target)]
    rows_ = np.concatenate(chosen)
    embeddings = load_embeddings(index, modality="image", store=store, rows=rows_)
    is_target = np.repeat([False, True], [len(each) for each in chosen])[embeddings.present]
    rows_, embeddings = rows_[embeddings.present], embeddings.take(embeddings.present)
    if min(is_target.sum(), (~is_target).sum()) < LEAST_ROWS:
        return None
    versions = [embeddings]
    if method != "none":
        versions.append(align_embeddings(embeddings, ~is_target, is_target, method))
    scores = [
        domain_auroc(each.values[~is_target], each.values[is_target], seed=config.run.seed)
        for each in versions
    ]
    maps = tuple(
        EmbeddingMapInput(name, each.values, is_target.astype(np.int64), ("",) * len(rows_), rows_)
        for name, each in zip(("as they are", "aligned"), versions, strict=False)
    )
    return DomainGap(*pair, method, seen_test, scores[0], (scores[1:] or [math.nan])[0], maps)


def _two_largest(domains: NDArray[np.str_], learned: NDArray[np.bool_]) -> tuple[str, str] | None:
    def largest(among: NDArray[np.str_]) -> str | None:
        names, counts = np.unique(among[among != ""], return_counts=True)
        return str(names[counts.argmax()]) if len(names) else None

    first = largest(domains[learned])
    second = None if first is None else largest(domains[domains != first])
    return None if first is None or second is None else (first, second)
