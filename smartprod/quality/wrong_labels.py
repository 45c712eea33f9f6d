"""Labels that are likely wrong: confident learning on held-out answers (Northcutt, Jiang and Chuang, 2021)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.quality.held_out import HeldOut


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
    """Find likely wrong labels with cleanlab, the least probable labels first.

    A class's threshold is the mean probability that its own rows get for it. Counting rows whose answer reaches
    another class's threshold estimates how many labels of each class are wrong; the rows with the lowest margins are
    taken, as many as that (`prune_by_noise_rate`), ranked by their label's probability (self-confidence).
    """
    count = len(held.rows)
    if count == 0 or len(np.unique(held.labels)) < 2:
        return []
    # Classes without any held-out row cannot be learned about: cleanlab wants every class to occur.
    present, labels = np.unique(held.labels, return_inverse=True)
    inside = held.probabilities[:, present]
    inside = inside / np.maximum(inside.sum(axis=1, keepdims=True), 1e-12)
    found = _ranked_issues(labels.astype(np.int64), inside)
    masked = held.probabilities[found].copy()
    masked[np.arange(len(found)), held.labels[found]] = -1.0
    best = masked.argmax(axis=1)
    return [
        WrongLabel(
            int(held.rows[position]),
            int(held.labels[position]),
            int(other),
            float(held.probabilities[position, held.labels[position]]),
            float(held.probabilities[position, other]),
        )
        for position, other in zip(found.tolist(), best.tolist(), strict=True)
        if held.probabilities[position, other] > held.probabilities[position, held.labels[position]]
    ]


def wrong_label_findings(held: HeldOut, classes: Sequence[str]) -> list[Finding]:
    """Word the likely wrong labels; the severity grows with the margin of the suggested class."""
    return [
        Finding(
            FindingKind.WRONG_LABEL,
            (1 + each.suggested_probability - each.label_probability) / 2,
            f"look at the label: {classes[each.suggested]}?",
            f"a model that had not seen the row gives its label {each.label_probability:.1%}, "
            f"and {classes[each.suggested]} {each.suggested_probability:.1%}",
            classes[each.label],
            (each.row,),
        )
        for each in find_wrong_labels(held)
    ]


def _ranked_issues(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        # That few rows of a small class can be judged is told by the finding `small_class`.
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(
            find_label_issues(
                labels,
                probabilities,
                filter_by="prune_by_noise_rate",
                return_indices_ranked_by="self_confidence",
                n_jobs=1,
            ),
            dtype=np.int64,
        )
