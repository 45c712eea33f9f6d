"""How sure it is: what becomes of each product, who answers, coverage, reliability, prediction sets, open set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smartprod.evaluation.coverage import ACCURACY_TARGETS, CoverageCurve
from smartprod.evaluation.data import UNKNOWN_CLASS, ReportData
from smartprod.evaluation.decisions import DecisionSummary
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.certainty import coverage_chart, reliability_chart
from smartprod.evaluation.prediction_sets import SetScores
from smartprod.evaluation.routing import ModeSummary
from smartprod.evaluation.summary import Evaluation


@dataclass(frozen=True, slots=True)
class NewCategories:
    """What became of products whose category was never learned.

    Attributes:
        unknown: How many there are in the test part.
        found: How many of them were answered `other`.
        known: Products of learned categories.
        refused: How many of those were answered `other` by mistake.
    """

    unknown: int
    found: int
    known: int
    refused: int


@dataclass(frozen=True, slots=True)
class Certainty:
    """How well the answers know when they are right.

    Attributes:
        part: The part that it is about.
        decisions: What became of each product, or None.
        modes: Who answers in each mode, the one in force first.
        sets: How prediction sets fared, or None.
        thresholds: In force, by head.
        together: Whether the curves hold what the heads decide together.
        coverage: Accuracy against coverage, or None.
        curves: The same in numbers, by head.
        targets: Accuracies at which the coverage is told.
        reliability: One diagram for each head.
        newcomers: Products of categories never learned, or None.
    """

    part: str
    decisions: DecisionSummary | None
    modes: tuple[ModeSummary, ...]
    sets: SetScores | None
    thresholds: Mapping[str, float]
    together: bool
    coverage: Chart | None
    curves: Mapping[str, CoverageCurve]
    targets: tuple[float, ...]
    reliability: tuple[Chart, ...]
    newcomers: NewCategories | None


def certainty_section(data: ReportData, evaluation: Evaluation) -> PageSection:
    """Say how sure the answers are, and whether they may be."""
    table = evaluation.test if evaluation.part == "test" else evaluation.validation
    curves = evaluation.curves
    drawn = any(len(curve.coverage) for curve in curves.values())
    content = Certainty(
        part=evaluation.part,
        decisions=evaluation.decisions,
        modes=evaluation.modes,
        sets=data.sets,
        thresholds=data.thresholds,
        together=evaluation.together is not None,
        coverage=coverage_chart(curves, thresholds=data.thresholds, target=data.target_accuracy)
        if drawn
        else None,
        curves=curves,
        targets=ACCURACY_TARGETS,
        reliability=tuple(
            reliability_chart(certainty.bins, head=name, ece=table[name].ece)
            for name, certainty in evaluation.certainty.items()
            if certainty.bins
        ),
        newcomers=new_categories(data),
    )
    return PageSection("sure", "How sure is it?", "certainty.html.j2", content)


def new_categories(data: ReportData) -> NewCategories | None:
    """Count what became of products of categories never learned; None where there are none in the test part."""
    unknown_rows = np.unique(
        np.concatenate([head.rows[head.labels == UNKNOWN_CLASS] for head in data.test] or [np.zeros(0)])
    )
    if data.decisions is None or not len(unknown_rows):
        return None
    unknown = np.isin(data.decisions.rows, unknown_rows)
    other = np.asarray([decision == "other" for decision in data.decisions.decision])
    return NewCategories(
        unknown=int(unknown.sum()),
        found=int((unknown & other).sum()),
        known=int((~unknown).sum()),
        refused=int((~unknown & other).sum()),
    )
