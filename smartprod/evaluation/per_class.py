"""Scores class by class, and by level of the category tree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import HeadPredictions
from smartprod.evaluation.metrics import TOP_K, f1


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class fared.

    Attributes:
        index: Class index.
        precision: Of the rows answered with this class, the share that belongs to it; NaN if none was.
        recall: Of its rows, the share found; NaN without rows.
        f1: Harmonic mean; NaN for a class with neither rows nor answers.
        rows: Its rows in the part.
        answered: Rows answered with it.
        train_rows: Its rows in training.
        mistaken_for: The class its rows are most often taken for, or None.
        mistaken_rows: How often.
        top5: Of its rows, the share where it is among the five most probable; NaN without rows.
        size: Such as `few` or `tail` (see `shots`); empty where sizes were not asked for.
    """

    index: int
    precision: float
    recall: float
    f1: float
    rows: int
    answered: int
    train_rows: int
    mistaken_for: int | None
    mistaken_rows: int
    top5: float = nan
    size: str = ""


def class_scores(head: HeadPredictions, train_counts: NDArray[np.int64]) -> list[ClassScore]:
    """Score each class, worst first; classes without rows in the part come last.

    Args:
        head: Predictions whose labels are all learned classes.
        train_counts: Training rows of each class, int64 [C].
    """
    labels, predicted = head.labels, head.predicted
    classes = len(train_counts)
    rows = np.bincount(labels, minlength=classes)
    answered = np.bincount(predicted, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    near = np.bincount(labels[_among_the_first(head)], minlength=classes)
    mistakes: dict[int, Counter[int]] = {}
    for true, answer in zip(labels.tolist(), predicted.tolist(), strict=True):
        if true != answer:
            mistakes.setdefault(true, Counter())[answer] += 1
    scores = []
    for index in range(classes):
        worst = mistakes[index].most_common(1)[0] if index in mistakes else (None, 0)
        scores.append(
            ClassScore(
                index=index,
                precision=_ratio(right[index], answered[index]),
                recall=_ratio(right[index], rows[index]),
                f1=_ratio(2 * right[index], rows[index] + answered[index]),
                rows=int(rows[index]),
                answered=int(answered[index]),
                train_rows=int(train_counts[index]),
                mistaken_for=worst[0],
                mistaken_rows=worst[1],
                top5=_ratio(near[index], rows[index]),
            )
        )
    return sorted(scores, key=lambda score: (score.rows == 0, score.f1 if score.rows else 0.0, -score.rows))


def _among_the_first(head: HeadPredictions) -> NDArray[np.bool_]:
    """Whether the true class of each row is among its `TOP_K` most probable ones, bool [N]."""
    if len(head.labels) == 0:
        return np.zeros(0, bool)
    true = head.probabilities[np.arange(len(head.labels)), head.labels]
    return np.asarray((head.probabilities > true[:, None]).sum(axis=1) < TOP_K)


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else nan


@dataclass(frozen=True, slots=True)
class LevelScore:
    """Scores when categories are compared down to one level of the tree only.

    Attributes:
        level: 1 is the top.
        classes: Distinct learned categories at this level.
        accuracy: Share of rows whose answer agrees with the truth down to this level.
        macro_f1: Over the categories of this level.
    """

    level: int
    classes: int
    accuracy: float
    macro_f1: float


def level_scores(head: HeadPredictions, classes: tuple[str, ...], *, separator: str) -> list[LevelScore]:
    """Score a head at each level of the category tree; empty when the categories are not paths.

    Args:
        head: Predictions whose labels are all learned classes.
        classes: Category paths, length C.
        separator: What separates the levels of a path.
    """
    paths = [name.split(separator) for name in classes]
    depth = max((len(path) for path in paths), default=0)
    if depth < 2:
        return []
    found = []
    for level in range(1, depth + 1):
        names = [separator.join(path[:level]) for path in paths]
        index_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
        ancestor = np.array([index_of[name] for name in names], dtype=np.int64)  # [C]
        labels, predicted = ancestor[head.labels], ancestor[head.predicted]
        accuracy = float((labels == predicted).mean()) if len(labels) else nan
        found.append(LevelScore(level, len(index_of), accuracy, f1(labels, predicted, average="macro")))
    return found
