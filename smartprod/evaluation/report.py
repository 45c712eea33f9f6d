"""The report: one self-contained HTML file that a person reads from top to bottom.

The words and the order stand in `templates/report.html.j2`; here the figures, charts and examples are gathered.
Every text that comes from the data is escaped by the template engine; only our own SVG is inserted as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from smartprod.config.schema import ReportConfig
from smartprod.evaluation.confusion import confusion_matrix
from smartprod.evaluation.coverage import ACCURACY_TARGETS
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.embedding_map import embedding_map
from smartprod.evaluation.examples import FindingGroup, PairExamples, finding_groups, pair_examples
from smartprod.evaluation.other_images import other_images_section
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.certainty import coverage_chart, reliability_chart
from smartprod.evaluation.plots.classes import class_distribution_chart, confusion_chart
from smartprod.evaluation.plots.curves import training_charts
from smartprod.evaluation.plots.dendrogram import dendrogram_chart
from smartprod.evaluation.plots.embeddings import map_chart
from smartprod.evaluation.plots.tree import tree_chart
from smartprod.evaluation.summary import Evaluation, evaluate, remarks, short_names

if TYPE_CHECKING:
    from jinja2 import Environment

NO_VALUE = "–"


@dataclass(frozen=True, slots=True)
class ReportCharts:
    """The charts of the report; None where there is nothing to draw."""

    reliability: tuple[Chart, ...]
    coverage: Chart | None
    confusion: Chart | None
    distribution: Chart
    embeddings: Chart | None
    tree: Chart | None
    dendrogram: Chart | None
    trainings: tuple[tuple[Chart, ...], ...]


@dataclass(frozen=True, slots=True)
class ReportExamples:
    """The products that the report shows."""

    pairs: list[PairExamples]
    findings: list[FindingGroup]


def build_report(data: ReportData, *, config: ReportConfig | None = None, seed: int = 0) -> str:
    """Build the report.

    Args:
        data: Everything there is to tell.
        config: How much of it to show.
        seed: Seed of the embedding map.

    Returns:
        One HTML document that loads nothing from anywhere.

    Raises:
        SmartprodError: `SP656` when no head has predictions for any part.
    """
    config = config or ReportConfig()
    evaluation = evaluate(data)
    names = short_names(data.classes, separator=data.separator)
    pairs = evaluation.pairs[: config.confused_pairs]
    examples = ReportExamples(
        pairs=pair_examples(data, evaluation.head, pairs, names=names, tiles=config.examples_per_pair),
        findings=finding_groups(data),
    )
    return (
        report_environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            evaluation=evaluation,
            scores=evaluation.scores,
            names=names,
            notes=[*data.notes, *remarks(data, evaluation)],
            charts=_charts(data, evaluation, names=names, map_points=config.map_points, seed=seed),
            examples=examples,
            sweep=data.sweep,
            other_images=other_images_section(
                data.other_images,
                dict(zip(data.classes, data.train_counts.tolist(), strict=True)),
                data.products,
            ),
            targets=ACCURACY_TARGETS,
        )
    )


def _charts(
    data: ReportData, evaluation: Evaluation, *, names: tuple[str, ...], map_points: int, seed: int
) -> ReportCharts:
    table = evaluation.test if evaluation.part == "test" else evaluation.validation
    curves = evaluation.curves
    matrix = confusion_matrix(evaluation.head)
    return ReportCharts(
        reliability=tuple(
            reliability_chart(certainty.bins, head=name, ece=table[name].ece)
            for name, certainty in evaluation.certainty.items()
            if certainty.bins
        ),
        coverage=coverage_chart(curves, thresholds=data.thresholds, target=data.target_accuracy)
        if any(len(curve.coverage) for curve in curves.values())
        else None,
        confusion=confusion_chart(matrix, names) if len(matrix.classes) > 1 else None,
        distribution=class_distribution_chart(names, data.train_counts),
        embeddings=_map(data, evaluation, names=names, points=map_points, seed=seed),
        tree=tree_chart(evaluation.tree.nodes, separator=data.separator) if evaluation.tree else None,
        dendrogram=dendrogram_chart(data.macro_categories, names) if data.macro_categories else None,
        trainings=tuple(training_charts(curves) for curves in data.trainings),
    )


def _map(
    data: ReportData, evaluation: Evaluation, *, names: tuple[str, ...], points: int, seed: int
) -> Chart | None:
    if data.embedding_map is None:
        return None
    points_of_map = embedding_map(data.embedding_map, points=points, seed=seed)
    if points_of_map is None:
        return None
    groups = map_groups(data.classes, separator=data.separator)
    head = evaluation.head
    wrong = frozenset(head.rows[head.predicted != head.labels].tolist())
    return map_chart(points_of_map, groups=groups, leaves=names, wrong=wrong)


def map_groups(classes: tuple[str, ...], *, separator: str) -> tuple[str, ...]:
    """The ancestor of each class at the first level of the tree where there is more than one category."""
    paths = [name.split(separator) for name in classes]
    for level in range(max(len(path) for path in paths)):
        groups = tuple(path[min(level, len(path) - 1)] for path in paths)
        if len(set(groups)) > 1:
            return groups
    return tuple(path[0] for path in paths)


def report_environment() -> Environment:
    """The template engine with the filters of a report; every text from the data is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("smartprod.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, score=score, count=count, value=sortable)
    return environment


def percent(number: float, digits: int = 1) -> str:
    """A share in per cent, with a space that does not break; a dash for NaN."""
    return NO_VALUE if isnan(number) else f"{100 * number:.{digits}f}\u00a0%"


def score(number: float) -> str:
    """A score with three digits; a dash for NaN."""
    return NO_VALUE if isnan(number) else f"{number:.3f}"


def count(number: int) -> str:
    """A whole number with separators."""
    return f"{number:,}"


def sortable(number: float) -> str:
    """A number for the page's sorting; NaN sorts below everything."""
    return "-1" if isnan(number) else f"{number:.6f}"
