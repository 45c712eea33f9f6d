"""Which of the explained answers the report shows, and where in the page they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartprod.evaluation.data import ReportData
    from smartprod.explanation import Explanation


def shown_explanations(data: ReportData) -> dict[int, Explanation]:
    """The explanations by row, in their order, where they are about the answer that the report tells of.

    Products are embedded anew to be explained: one that lies between two classes might be answered otherwise by a hair.
    """
    together = data.together
    if together is None:
        return {}
    answers = dict(zip(together.rows.tolist(), together.predicted.tolist(), strict=True))
    return {
        each.row: each
        for each in data.explanations
        if each.row in answers and each.explained == data.classes[answers[each.row]]
    }


def why_anchor(explanations: Mapping[int, Explanation], row: int, answer: str) -> str:
    """Anchor of the explanation of an answer in the page; empty where it is not explained."""
    found = explanations.get(row)
    return f"why-{row}" if found is not None and found.explained == answer else ""
