"""The embedding map: products that the model finds similar lie together."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.data import UNKNOWN_CLASS, ReportData
from smartprod.evaluation.embedding_map import EmbeddingMap, embedding_map
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.embeddings import MapCaption, map_chart
from smartprod.evaluation.summary import Evaluation
from smartprod.evaluation.thumbnails import small_thumbnail


@dataclass(frozen=True, slots=True)
class EmbeddingsMap:
    """The map.

    Attributes:
        part: The part whose wrong answers are ringed.
        embedding: What was laid out, such as `image + text`.
        chart: The map.
    """

    part: str
    embedding: str
    chart: Chart


def embeddings_section(
    data: ReportData, evaluation: Evaluation, names: tuple[str, ...], *, points: int, seed: int
) -> PageSection | None:
    """Draw the map; None where there is nothing to draw."""
    if data.embedding_map is None:
        return None
    found = embedding_map(data.embedding_map, points=points, seed=seed)
    if found is None:
        return None
    head = evaluation.head
    drawn = map_chart(
        found,
        _captions(data, evaluation, found, names),
        groups=map_groups(data.classes, separator=data.separator),
        leaves=names,
        wrong=frozenset(head.rows[head.predicted != head.labels].tolist()),
    )
    content = EmbeddingsMap(evaluation.part, data.embedding_map.name, drawn)
    return PageSection("map", "Embedding map", "embeddings.html.j2", content)


def _captions(
    data: ReportData, evaluation: Evaluation, found: EmbeddingMap, names: tuple[str, ...]
) -> list[MapCaption]:
    products = data.products(found.rows.tolist())
    head = evaluation.head
    answers = dict(zip(head.rows.tolist(), head.predicted.tolist(), strict=True))
    captions = []
    for row, label in zip(found.rows.tolist(), found.labels.tolist(), strict=True):
        product = products.get(row)
        answer = answers.get(row, label)
        captions.append(
            MapCaption(
                photo=small_thumbnail(product.images).source if product else "",
                title=product.title if product else "",
                label=names[label] if label != UNKNOWN_CLASS else "category not learned",
                verdict=f"answered as {names[answer]}" if answer != label else "",
            )
        )
    return captions


def map_groups(classes: tuple[str, ...], *, separator: str) -> tuple[str, ...]:
    """The ancestor of each class at the first level of the tree where there is more than one category."""
    paths = [name.split(separator) for name in classes]
    for level in range(max(len(path) for path in paths)):
        groups = tuple(path[min(level, len(path) - 1)] for path in paths)
        if len(set(groups)) > 1:
            return groups
    return tuple(path[0] for path in paths)
