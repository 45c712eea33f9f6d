"""The training of the encoders: curves by epoch."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.curves import TrainingCurves
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.curves import training_charts


@dataclass(frozen=True, slots=True)
class TrainingShown:
    """One training.

    Attributes:
        curves: Its history.
        charts: The same, drawn.
    """

    curves: TrainingCurves
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class TrainingsShown:
    """All trainings of the run."""

    trainings: tuple[TrainingShown, ...]


def training_section(data: ReportData) -> PageSection | None:
    """Draw the trainings; None where no encoder was trained."""
    if not data.trainings:
        return None
    content = TrainingsShown(
        tuple(TrainingShown(curves, training_charts(curves)) for curves in data.trainings)
    )
    return PageSection("training", "Training of the encoders", "training.html.j2", content, link="Training")
