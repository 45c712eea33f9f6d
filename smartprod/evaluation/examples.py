"""The products that the report shows: mistakes of the most confused pairs, and labels to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartprod.evaluation.confusion import ConfusedPair
from smartprod.evaluation.data import HeadPredictions, ProductExample, ReportData
from smartprod.evaluation.label_issues import LabelIssue
from smartprod.evaluation.thumbnails import Thumbnail, thumbnail


@dataclass(frozen=True, slots=True)
class Tile:
    """One product as shown. All texts are raw and escaped by the template.

    Attributes:
        photo: Thumbnail or the reason why there is none.
        id, title: Of the product.
        label: Category given by the table.
        answer: Category that the head answered.
        confidence: Probability of `answer`.
        row: Position in the input table.
    """

    photo: Thumbnail
    id: str
    title: str
    label: str
    answer: str
    confidence: float
    row: int


@dataclass(frozen=True, slots=True)
class PairExamples:
    """A confused pair with some of its mistakes in both directions."""

    first: str
    second: str
    first_rows: int
    second_rows: int
    first_count: int
    second_count: int
    first_tiles: tuple[Tile, ...]
    second_tiles: tuple[Tile, ...]


def pair_examples(
    data: ReportData, head: HeadPredictions, pairs: list[ConfusedPair], *, names: tuple[str, ...], tiles: int
) -> list[PairExamples]:
    """Fetch examples of confused pairs, at most `tiles` per direction, most confident mistakes first."""
    positions = [
        position
        for pair in pairs
        for side in (pair.first_as_second, pair.second_as_first)
        for position in side[:tiles]
    ]
    products = data.products([int(head.rows[position]) for position in positions]) if positions else {}
    made = {position: _mistake(head, position, names=names, products=products) for position in positions}
    return [
        PairExamples(
            first=names[pair.first],
            second=names[pair.second],
            first_rows=pair.first_rows,
            second_rows=pair.second_rows,
            first_count=len(pair.first_as_second),
            second_count=len(pair.second_as_first),
            first_tiles=tuple(made[position] for position in pair.first_as_second[:tiles]),
            second_tiles=tuple(made[position] for position in pair.second_as_first[:tiles]),
        )
        for pair in pairs
    ]


def issue_tiles(data: ReportData, issues: list[LabelIssue], *, names: tuple[str, ...]) -> list[Tile]:
    """Fetch the products whose labels should be checked."""
    products = data.products([issue.row for issue in issues]) if issues else {}
    return [
        _tile(
            issue.row,
            products,
            label=names[issue.label],
            answer=names[issue.predicted],
            confidence=issue.predicted_probability,
        )
        for issue in issues
    ]


def _mistake(
    head: HeadPredictions, position: int, *, names: tuple[str, ...], products: Mapping[int, ProductExample]
) -> Tile:
    return _tile(
        int(head.rows[position]),
        products,
        label=names[head.labels[position]],
        answer=names[head.predicted[position]],
        confidence=float(head.confidence[position]),
    )


def _tile(
    row: int, products: Mapping[int, ProductExample], *, label: str, answer: str, confidence: float
) -> Tile:
    product = products.get(row)
    if product is None:
        return Tile(Thumbnail("", "no photo"), "", "", label, answer, confidence, row)
    photo = thumbnail(product.images)
    return Tile(photo, product.id, product.title, label, answer, confidence, row)
