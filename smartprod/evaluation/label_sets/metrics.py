"""Scores of sets of labels: by label, by row, and what is given in place of what is missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_INSTEAD = 3


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How one label did.

    Attributes:
        label: Its path.
        support: Rows that have it.
        hits: Rows that have it and are given it (true positives).
        excess: Rows that lack it and are given it (false positives).
        missed: Rows that have it and are not given it (false negatives).
        spared: Rows that lack it and are not given it (true negatives).
        threshold: From which probability it is given, by the head that answers most rows.
        instead: Labels that rows wrongly got where they missed this one, and how many did, most frequent first.
    """

    label: str
    support: int
    hits: int
    excess: int
    missed: int
    spared: int
    threshold: float
    instead: tuple[tuple[str, int], ...]

    @property
    def precision(self) -> float:
        """Share of the rows given the label that have it, NaN where none is given it."""
        given = self.hits + self.excess
        return self.hits / given if given else float("nan")

    @property
    def recall(self) -> float:
        """Share of the rows with the label that are given it, NaN where none has it."""
        return self.hits / self.support if self.support else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, NaN where no row has the label."""
        return 2 * self.hits / (self.support + self.hits + self.excess) if self.support else float("nan")


@dataclass(frozen=True, slots=True)
class LabelSetScores:
    """Scores over all labels.

    Attributes:
        rows: Rows scored.
        macro_f1: Mean F1 over the labels that any row has; labels that the model does not know count 0.
        micro_f1: F1 over all pairs of row and label.
        sample_f1: Mean over rows of the F1 of their set; 1 where nothing is due and nothing given.
        exact: Share of the rows whose set is right as a whole.
        unknown: Labels of these rows that no training row had.
        unknown_rows: Rows that have one.
    """

    rows: int
    macro_f1: float
    micro_f1: float
    sample_f1: float
    exact: float
    unknown: int
    unknown_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class LabelAnswers:
    """What was due and what was given.

    Attributes:
        labels: Label paths, length C: those that products carry themselves.
        targets: What is due, bool [N, C].
        given: What was given, bool [N, C].
        unknown: For each row, its labels that are not among `labels`, length N.
    """

    labels: tuple[str, ...]
    targets: np.ndarray
    given: np.ndarray
    unknown: Sequence[Sequence[str]]


def score_label_sets(answers: LabelAnswers) -> LabelSetScores:
    """Score sets of labels."""
    targets, given = answers.targets, answers.given
    missing = np.asarray([len(each) for each in answers.unknown], dtype=np.int64)  # never given
    unknown = {label for each in answers.unknown for label in each}
    due, granted, both = targets.sum(axis=0), given.sum(axis=0), (targets & given).sum(axis=0)
    f1 = 2 * both[due > 0] / (due + granted)[due > 0]
    row_sizes = targets.sum(axis=1) + missing + given.sum(axis=1)
    row_f1 = np.where(row_sizes > 0, 2 * (targets & given).sum(axis=1) / np.maximum(row_sizes, 1), 1.0)
    scored = len(f1) + len(unknown)
    total = int(due.sum() + missing.sum() + granted.sum())
    return LabelSetScores(
        rows=len(targets),
        macro_f1=float(f1.sum() / scored) if scored else float("nan"),
        micro_f1=float(2 * both.sum() / total) if total else float("nan"),
        sample_f1=float(row_f1.mean()) if len(targets) else float("nan"),
        exact=float(((targets == given).all(axis=1) & (missing == 0)).mean())
        if len(targets)
        else float("nan"),
        unknown=len(unknown),
        unknown_rows=int((missing > 0).sum()),
    )


def tree_f1(targets: np.ndarray, given: np.ndarray) -> float:
    """F1 over all pairs of a row and a category, those above its labels included: a right parent counts.

    The hierarchical F-measure of Kiritchenko et al. (2005).

    Args:
        targets: Labels that are due and all categories above them, bool [N, K].
        given: The same of what was given, bool [N, K].
    """
    total = int(targets.sum() + given.sum())
    return float(2 * (targets & given).sum() / total) if total else float("nan")


def count_labels(answers: LabelAnswers, thresholds: np.ndarray) -> list[LabelCounts]:
    """Count each label that a row has or is given, those with the lowest F1 first, more rows before fewer.

    Args:
        answers: What was due and given.
        thresholds: From which probability each label is given, float [C].
    """
    targets, given = answers.targets, answers.given
    counted = []
    for label in np.flatnonzero(targets.any(axis=0) | given.any(axis=0)).tolist():
        due, granted = targets[:, label], given[:, label]
        missed = due & ~granted
        counted.append(
            LabelCounts(
                answers.labels[label],
                support=int(due.sum()),
                hits=int((due & granted).sum()),
                excess=int((granted & ~due).sum()),
                missed=int(missed.sum()),
                spared=int((~due & ~granted).sum()),
                threshold=float(thresholds[label]),
                instead=_instead(answers, missed),
            )
        )
    return sorted(counted, key=lambda each: (np.nan_to_num(each.f1, nan=2.0), -each.support, each.label))


def _instead(answers: LabelAnswers, missed: np.ndarray) -> tuple[tuple[str, int], ...]:
    wrongly = (answers.given[missed] & ~answers.targets[missed]).sum(axis=0)
    order = np.argsort(-wrongly, kind="stable")[:_INSTEAD].tolist()
    return tuple((answers.labels[label], int(wrongly[label])) for label in order if wrongly[label])
