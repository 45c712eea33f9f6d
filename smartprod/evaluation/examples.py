"""The products that the report shows: mistakes of the most confused pairs, and labels to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smartprod.evaluation.confusion import ConfusedPair
from smartprod.evaluation.data import HeadPredictions, ProductExample, ReportData
from smartprod.evaluation.explained import shown_explanations, why_anchor
from smartprod.evaluation.thumbnails import Thumbnail, thumbnail
from smartprod.quality import KIND_TITLES, Finding, FindingKind

FINDING_PHOTOS = 3


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
        why: Anchor of the explanation of `answer` in the page; empty without one.
    """

    photo: Thumbnail
    id: str
    title: str
    label: str
    answer: str
    confidence: float
    row: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class ConfusedSide:
    """One direction of a confused pair.

    Attributes:
        label: The true category.
        answer: What its products were taken for.
        wrong: How many of them.
        rows: Of how many.
        tiles: Some of the mistakes, most confident first.
        typical: A rightly answered product of `answer`, to compare with; None if there is none.
    """

    label: str
    answer: str
    wrong: int
    rows: int
    tiles: tuple[Tile, ...]
    typical: Tile | None


@dataclass(frozen=True, slots=True)
class PairExamples:
    """A confused pair with some of its mistakes; directions without mistakes are left out."""

    first: str
    second: str
    mistakes: int
    sides: tuple[ConfusedSide, ...]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as shown: its class, evidence and suggestion, photos of its first rows, and how many more rows it has."""

    category: str
    evidence: str
    suggestion: str
    tiles: tuple[Tile, ...]
    more: int


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one kind: its title, how many there are, and the first of them."""

    title: str
    count: int
    findings: tuple[ShownFinding, ...]


def pair_examples(
    data: ReportData, head: HeadPredictions, pairs: list[ConfusedPair], *, names: tuple[str, ...], tiles: int
) -> list[PairExamples]:
    """Fetch examples of confused pairs, at most `tiles` per direction, most confident mistakes first."""
    typical = _typical_positions(head)
    wanted = {
        position
        for pair in pairs
        for side in (pair.first_as_second, pair.second_as_first)
        for position in side[:tiles]
    } | {typical[index] for pair in pairs for index in (pair.first, pair.second) if index in typical}
    ordered = sorted(wanted)
    made = dict(zip(ordered, answered_tiles(data, head, ordered, names=names), strict=True))

    def side(true: int, answer: int, positions: tuple[int, ...], rows: int) -> ConfusedSide:
        shown = tuple(made[position] for position in positions[:tiles])
        like = made[typical[answer]] if answer in typical else None
        return ConfusedSide(names[true], names[answer], len(positions), rows, shown, like)

    return [
        PairExamples(
            first=names[pair.first],
            second=names[pair.second],
            mistakes=pair.count,
            sides=tuple(
                side(true, answer, positions, rows)
                for true, answer, positions, rows in (
                    (pair.first, pair.second, pair.first_as_second, pair.first_rows),
                    (pair.second, pair.first, pair.second_as_first, pair.second_rows),
                )
                if positions
            ),
        )
        for pair in pairs
    ]


def mistake_tiles(
    data: ReportData, head: HeadPredictions, *, names: tuple[str, ...], tiles: int
) -> list[Tile]:
    """Fetch the mistakes that a head was surest of, the surest first."""
    wrong = np.flatnonzero(head.predicted != head.labels)
    surest = wrong[np.argsort(-head.confidence[wrong], kind="stable")][:tiles].tolist()
    return answered_tiles(data, head, surest, names=names)


def _typical_positions(head: HeadPredictions) -> dict[int, int]:
    """The most confident right answer of each class that has one."""
    right = np.flatnonzero(head.predicted == head.labels)
    rising = right[np.argsort(head.confidence[right], kind="stable")]
    return {int(head.labels[position]): int(position) for position in rising}


def finding_groups(data: ReportData) -> list[FindingGroup]:
    """Fetch what a person should look at in the data, grouped by kind, with photos of the rows it is about."""
    shown = {
        kind: [finding for finding in data.findings if finding.kind is kind][: data.findings_shown]
        for kind in FindingKind
    }
    wanted = {row for findings in shown.values() for each in findings for row in each.rows[:FINDING_PHOTOS]}
    products = data.products(sorted(wanted)) if wanted else {}
    return [
        FindingGroup(
            KIND_TITLES[kind],
            sum(finding.kind is kind for finding in data.findings),
            tuple(_shown_finding(finding, products) for finding in findings),
        )
        for kind, findings in shown.items()
        if findings
    ]


def _shown_finding(finding: Finding, products: Mapping[int, ProductExample]) -> ShownFinding:
    tiles = tuple(
        _tile(row, products, label="", answer="", confidence=0.0) for row in finding.rows[:FINDING_PHOTOS]
    )
    more = max(0, len(finding.rows) - FINDING_PHOTOS)
    return ShownFinding(finding.category, finding.evidence, finding.suggestion, tiles, more)


def answered_tiles(
    data: ReportData, head: HeadPredictions, positions: Sequence[int], *, names: tuple[str, ...]
) -> list[Tile]:
    """Fetch products with what a head answered about them, and where in the page that is explained.

    Args:
        data: Everything there is to tell.
        head: The head.
        positions: Of the products among its rows.
        names: Short names of the classes.
    """
    if not positions:
        return []
    rows, predicted, confidence = head.rows.tolist(), head.predicted, head.confidence
    products = data.products([rows[position] for position in positions])
    explanations = shown_explanations(data)
    return [
        replace(
            _tile(
                rows[position],
                products,
                label=names[head.labels[position]],
                answer=names[predicted[position]],
                confidence=float(confidence[position]),
            ),
            why=why_anchor(explanations, rows[position], data.classes[predicted[position]]),
        )
        for position in positions
    ]


def _tile(
    row: int, products: Mapping[int, ProductExample], *, label: str, answer: str, confidence: float
) -> Tile:
    product = products.get(row)
    if product is None:
        return Tile(Thumbnail("", "no photo"), "", "", label, answer, confidence, row)
    photo = thumbnail(product.images)
    return Tile(photo, product.id, product.title, label, answer, confidence, row)
