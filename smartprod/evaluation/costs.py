"""What answers cost, with and without choosing the one of least expected cost."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from smartprod.decision import choose_classes, mean_cost
from smartprod.evaluation.data import HeadPredictions


@dataclass(frozen=True, slots=True)
class CostSummary:
    """The most probable class against the class of least expected cost, on the same rows; NaN without rows.

    Attributes:
        rows: Rows of learned classes.
        cost_most_probable, cost_chosen: Mean cost of each.
        accuracy_most_probable, accuracy_chosen: Accuracy of each.
        changed: Share of rows for which the two differ.
    """

    rows: int
    cost_most_probable: float
    cost_chosen: float
    accuracy_most_probable: float
    accuracy_chosen: float
    changed: float


def summarise_costs(head: HeadPredictions, costs: np.ndarray) -> CostSummary:
    """Compare both ways of choosing.

    Args:
        head: Predictions whose labels are all learned classes.
        costs: Cost of each answer, float32 [C, C]: true class by answered class.
    """
    plain, chosen = head.predicted, choose_classes(head.probabilities, costs)
    some = len(head.rows) > 0
    return CostSummary(
        rows=len(head.rows),
        cost_most_probable=mean_cost(head.labels, plain, costs),
        cost_chosen=mean_cost(head.labels, chosen, costs),
        accuracy_most_probable=float((plain == head.labels).mean()) if some else nan,
        accuracy_chosen=float((chosen == head.labels).mean()) if some else nan,
        changed=float((plain != chosen).mean()) if some else nan,
    )
