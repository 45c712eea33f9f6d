"""Labels to check: rows whose held-out prediction disagrees with their label most strongly.

A simple form of confident learning (Northcutt, Jiang and Chuang, 2021). About half of what it finds is truly wrong,
so the rows are shown to a person and never removed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smartprod.evaluation.data import HeadPredictions


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """A row whose label should be looked at.

    Attributes:
        row: Position in the input table.
        label: Class index given by the table.
        predicted: Class index that the head is confident of.
        label_probability, predicted_probability: What the head gives to each.
    """

    row: int
    label: int
    predicted: int
    label_probability: float
    predicted_probability: float


def find_label_issues(head: HeadPredictions) -> list[LabelIssue]:
    """Find rows that the head, which never saw them in training, confidently places in another class.

    The threshold of a class is the mean probability that its own rows get for it. A row is an issue when its
    label's probability is below the label's threshold and another class reaches its own threshold.

    Args:
        head: Held-out predictions whose labels are all learned classes.

    Returns:
        Issues, strongest disagreement first (probability of the answer minus probability of the label).
    """
    labels, probabilities = head.labels, np.asarray(head.probabilities, dtype=np.float64)
    count, classes = probabilities.shape
    if count == 0:
        return []
    self_confidence = probabilities[np.arange(count), labels]
    rows_of = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=self_confidence, minlength=classes)
    with np.errstate(invalid="ignore", divide="ignore"):
        threshold = np.where(
            rows_of > 0, sums / rows_of, np.inf
        )  # [C]; a class without rows is never confident
    confident = np.where(probabilities >= threshold, probabilities, -1.0)
    answer = confident.argmax(axis=1)
    reached = confident[np.arange(count), answer]
    issue = (reached > self_confidence) & (answer != labels) & (self_confidence < threshold[labels])
    found = np.flatnonzero(issue)
    found = found[np.argsort(self_confidence[found] - reached[found], kind="stable")]
    return [
        LabelIssue(
            row=int(head.rows[position]),
            label=int(labels[position]),
            predicted=int(answer[position]),
            label_probability=float(self_confidence[position]),
            predicted_probability=float(reached[position]),
        )
        for position in found
    ]
