"""Every category, worst first, and the matrix of which are taken for which."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.confusion import confusion_matrix
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.per_class import ClassScore
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.confusion import confusion_chart
from smartprod.evaluation.summary import Evaluation


@dataclass(frozen=True, slots=True)
class CategoriesTable:
    """Category by category.

    Attributes:
        classes: Category paths, length C.
        names: Short names, length C.
        scores: Worst first.
        confusion: The matrix; None with a single category.
        places: Place of each class in the matrix, by class index.
    """

    classes: tuple[str, ...]
    names: tuple[str, ...]
    scores: tuple[ClassScore, ...]
    confusion: Chart | None
    places: dict[int, int]


def categories_section(data: ReportData, evaluation: Evaluation, names: tuple[str, ...]) -> PageSection:
    """Score every category, and draw the confusion matrix."""
    matrix = confusion_matrix(evaluation.head, data.classes, separator=data.separator)
    several = len(matrix.classes) > 1
    content = CategoriesTable(
        classes=data.classes,
        names=names,
        scores=tuple(evaluation.classes),
        confusion=confusion_chart(matrix, names) if several else None,
        places={index: place for place, index in enumerate(matrix.classes)} if several else {},
    )
    return PageSection("categories", "Category by category", "categories.html.j2", content)
