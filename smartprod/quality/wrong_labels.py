"""Labels that are likely wrong, by the answers of models that have not seen them.

Held-out probabilities show wrong labels (Northcutt, Jiang and Chuang, 2021). Their count of them (confident learning,
as cleanlab has it) flags three to five times too many rows on small tables with many classes: with 5 % wrong labels
planted, precision 0.35 on myntra and 0.19 on bestbuy, where the rule below has 0.76 and 0.54 at nearly the recall
(`benchmarks/wrong_labels.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.quality.held_out import HeldOut

_TIMES = 50.0


@dataclass(frozen=True, slots=True)
class WrongLabel:
    """A row whose label a model, which has not seen it, confidently disagrees with.

    Attributes:
        row: Position in the input table.
        label: Class index given by the table.
        suggested: Class index of the most probable other class.
        label_probability, suggested_probability: Calibrated.
    """

    row: int
    label: int
    suggested: int
    label_probability: float
    suggested_probability: float


def find_wrong_labels(held: HeldOut) -> list[WrongLabel]:
    """Find rows for which another class is at least 50 times as probable as the label, the largest ratio first."""
    count = len(held.rows)
    if count == 0 or held.probabilities.shape[1] < 2:
        return []
    own = held.probabilities[np.arange(count), held.labels]
    others = held.probabilities.copy()
    others[np.arange(count), held.labels] = -1.0
    best = others.argmax(axis=1)
    ratio = others.max(axis=1) / np.maximum(own, 1e-12)
    found = np.flatnonzero(ratio >= _TIMES)
    found = found[np.argsort(-ratio[found], kind="stable")]
    return [
        WrongLabel(
            int(held.rows[position]),
            int(held.labels[position]),
            int(best[position]),
            float(own[position]),
            float(others[position, best[position]]),
        )
        for position in found.tolist()
    ]


def wrong_label_findings(held: HeldOut, classes: Sequence[str]) -> list[Finding]:
    """Word the likely wrong labels; the severity is the share of the suggested class among the two."""
    return [
        Finding(
            FindingKind.WRONG_LABEL,
            each.suggested_probability / (each.suggested_probability + each.label_probability),
            f"look at the label: {classes[each.suggested]}?",
            f"a model that had not seen the row gives its label {each.label_probability:.1%}, "
            f"and {classes[each.suggested]} {each.suggested_probability:.1%}",
            classes[each.label],
            (each.row,),
        )
        for each in find_wrong_labels(held)
    ]
