"""Domains: scores for each, and how far apart their photos lie for the encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.evaluation.domains import DomainGap, DomainScore, domain_scores, measure_gap
from smartprod.evaluation.embedding_map import embedding_map
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.domains import domain_chart

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.embeddings import EmbeddingSource
    from smartprod.evaluation.data import HeadPredictions

POINTS = 600
"""Points of a map at most."""


@dataclass(frozen=True, slots=True, eq=False)
class DomainMap:
    """A map of two domains, and what it shows: embeddings as they are, or aligned."""

    name: str
    chart: Chart


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """What is shown.

    Attributes:
        scores: Of the test rows of each domain.
        gap: How far apart two domains lie.
        maps: Drawn.
    """

    scores: tuple[DomainScore, ...]
    gap: DomainGap
    maps: tuple[DomainMap, ...]


def domain_sections(
    index: pa.Table,
    split: pa.Table,
    together: HeadPredictions | None,
    store: EmbeddingSource,
    config: Config,
) -> tuple[PageSection, ...]:
    """Show the domains of a table; nothing where it does not have two.

    Args:
        index: The `embedding_index` artefact.
        split: The `split` artefact.
        together: What the model answers on the test part.
        store: The embedding store.
        config: How the run aligned the domains.
    """
    if "domain" not in split.column_names:
        return ()
    gap, seed = measure_gap(index, split, store, config), config.run.seed
    if gap is None:
        return ()
    domains = np.asarray([each or "" for each in split["domain"].to_pylist()])
    scores = () if together is None else domain_scores(together, domains)
    maps = []
    for given in gap.maps:
        found = embedding_map(given, points=POINTS, seed=seed)
        if found is not None:
            maps.append(DomainMap(given.name, domain_chart(found, (gap.source, gap.target))))
    content = Domains(scores, gap, tuple(maps))
    return (PageSection("domains", "Where photos come from", "domains.html.j2", content, link="Domains"),)
