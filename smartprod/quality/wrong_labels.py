"""Labels that are likely wrong, by the answers of models that have not seen them.

Held-out probabilities show wrong labels (Northcutt, Jiang and Chuang, 2021). A label is flagged where another class is far
more probable, which asks nothing of the other rows. Confident learning as cleanlab has it, which also estimates how many
labels are wrong, finds about as much with the heads of a run (`benchmarks/wrong_labels.py`; precision and recall 0.80 and
0.70 here, 0.73 and 0.88 there on myntra with 5 % planted; 0.82 and 0.90 here, 0.89 and 0.85 there on the demo), but
far too much with answers that are less sharp (a plain logistic regression: precision 0.76 here, 0.36 there).
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
