"""The comparison of two runs as a page and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.comparison import ClassDifference, Comparison, MetricDifference
from smartprod.evaluation.page import PageHead, PageSection, build_page, percent
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.differences import difference_chart
from smartprod.evaluation.product_reader import product_reader
from smartprod.evaluation.redrawing import config_of
from smartprod.evaluation.thumbnails import Thumbnail, thumbnail
from smartprod.pipeline import RunFolder

if TYPE_CHECKING:
    from smartprod.evaluation.data import ProductLookup

EXAMPLES = 24
"""Products shown at most that only one of the runs gets right, of each run."""

PRINTED_CLASSES = 8


@dataclass(frozen=True, slots=True)
class ChangedTile:
    """A product that only one of the runs gets right. All texts are raw and escaped by the template.

    Attributes:
        photo: Thumbnail or the reason why there is none.
        id, title: Of the product.
        label: Its category.
        first, second: What each run answered.
    """

    photo: Thumbnail
    id: str
    title: str
    label: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class DifferencesShown:
    """The differences: `comparison`, and the same drawn."""

    comparison: Comparison
    chart: Chart


@dataclass(frozen=True, slots=True)
class ChangesShown:
    """What changed.

    Attributes:
        comparison: The comparison.
        won, lost: Products that only the second, or only the first run gets right.
    """

    comparison: Comparison
    won: tuple[ChangedTile, ...]
    lost: tuple[ChangedTile, ...]


def comparison_page(comparison: Comparison, second: Path) -> str:
    """Show two runs side by side on one self-contained page.

    Args:
        comparison: What was compared.
        second: Folder of the second run, from which photos and titles are taken.
    """
    run = RunFolder(second)
    config = config_of(run)
    products = product_reader(run, config)
    separator = config.catalog.category_separator
    shown = ChangesShown(
        comparison,
        _tiles(comparison, comparison.won, products, separator=separator),
        _tiles(comparison, comparison.lost, products, separator=separator),
    )
    return build_page(
        PageHead(
            f"{comparison.first.name} → {comparison.second.name}",
            "Comparison of two runs",
            separator=separator,
        ),
        [
            PageSection(
                "good",
                "Which is better?",
                "compare_metrics.html.j2",
                DifferencesShown(comparison, difference_chart(comparison.metrics)),
            ),
            PageSection("classes", "Categories won and lost", "compare_classes.html.j2", comparison),
            PageSection("changed", "Products that changed", "compare_changes.html.j2", shown),
        ],
    )


def _tiles(
    comparison: Comparison, places: NDArray[np.int64], products: ProductLookup, *, separator: str
) -> tuple[ChangedTile, ...]:
    chosen = places[:EXAMPLES]
    rows = comparison.second.rows[chosen].tolist()
    found = products(rows) if rows else {}

    def last(number: int) -> str:
        return comparison.categories[number].split(separator)[-1] if number >= 0 else "no answer"

    return tuple(
        ChangedTile(
            photo=thumbnail(found[row].images),
            id=found[row].id or f"row {row}",
            title=found[row].title,
            label=last(int(comparison.first.truth[place])),
            first=last(int(comparison.first.answer[place])),
            second=last(int(comparison.second.answer[place])),
        )
        for place, row in zip(chosen.tolist(), rows, strict=True)
        if row in found
    )


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Word a comparison for a terminal."""
    first, second = comparison.first.name, comparison.second.name
    yield f"{comparison.rows:,} test products in both runs, matched by {comparison.matched_by}"
    for name, left in zip((first, second), comparison.left_out, strict=True):
        if left:
            yield f"  {left:,} of {name} are left out: the other run does not test on them"
    width = max(len(first), len(second), 9)
    yield f"  {'':<24}{first:>{width}}  {second:>{width}}  {'difference':>10}   95 % interval"
    for each in comparison.metrics:
        yield _metric_line(each, width)
    won, lost = len(comparison.won), len(comparison.lost)
    yield f"products that only {second} gets right: {won:,}; that only {first} gets right: {lost:,}"
    yield from _class_lines(
        f"categories won by {second}", [each for each in comparison.classes if each.difference > 0]
    )
    yield from _class_lines(
        f"categories lost by {second}", [each for each in comparison.classes[::-1] if each.difference < 0]
    )


def _metric_line(each: MetricDifference, width: int) -> str:
    return (
        f"  {each.name:<24}{each.first:>{width}.4f}  {each.second:>{width}.4f}  {each.difference:>+10.4f}   "
        f"{each.low:+.4f} to {each.high:+.4f}  {each.verdict}"
    )


def _class_lines(title: str, classes: list[ClassDifference]) -> Iterator[str]:
    if not classes:
        return
    yield f"{title}: {len(classes)}"
    for each in classes[:PRINTED_CLASSES]:
        rates = (
            f"{percent(each.first_right / each.rows, 0)} -> {percent(each.second_right / each.rows, 0)}"
            if each.rows
            else ""
        )
        yield f"  {each.difference:+4d} of {each.rows:<5,} {each.category}  {rates}"
    if len(classes) > PRINTED_CLASSES:
        yield f"  and {len(classes) - PRINTED_CLASSES} more"
