"""Scores by size of class: many, medium and few training rows (Liu et al., "Open Long-Tailed Recognition", 2019), or head and tail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from smartprod.config.schema import ShotsConfig
from smartprod.evaluation.per_class import ClassScore


@dataclass(frozen=True, slots=True)
class ShotGroupScore:
    """How the classes of one size fared.

    Attributes:
        name: `many`, `medium`, `few`; or `head`, `tail`.
        meaning: The limits in words.
        classes: Classes of this size that have rows in the part.
        rows: Their rows in the part.
        accuracy: Of those rows.
        macro_f1: Mean F1 of those classes.
        top1: Mean over those classes of the share of their rows that is found.
        top5: The same where one of the five most probable classes may be the true one.
    """

    name: str
    meaning: str
    classes: int
    rows: int
    accuracy: float
    macro_f1: float
    top1: float
    top5: float


def with_sizes(scores: Sequence[ClassScore], limits: ShotsConfig) -> list[ClassScore]:
    """Name the size of each class.

    Args:
        scores: Score of each class.
        limits: Where few ends and many begins, or how many classes are the head.
    """
    if limits.head_classes is not None:
        largest = sorted(scores, key=lambda score: (-score.train_rows, score.index))[: limits.head_classes]
        head = {score.index for score in largest}
        return [replace(score, size="head" if score.index in head else "tail") for score in scores]
    bounds = (("many", limits.many + 1, inf), ("medium", limits.few, limits.many), ("few", 0, limits.few - 1))
    return [
        replace(score, size=name)
        for score in scores
        for name, low, high in bounds
        if low <= score.train_rows <= high
    ]


def shot_group_scores(scores: Sequence[ClassScore], limits: ShotsConfig) -> list[ShotGroupScore]:
    """Group the classes by their training rows; groups without classes are left out.

    Args:
        scores: Score of each class.
        limits: Where few ends and many begins, or how many classes are the head.
    """
    meanings = {
        "head": f"the {limits.head_classes} largest",
        "tail": "the others",
        "many": f"more than {limits.many} training rows",
        "medium": f"{limits.few} to {limits.many} training rows",
        "few": f"fewer than {limits.few} training rows",
    }
    sized = with_sizes(scores, limits)
    found = []
    for name, meaning in meanings.items():
        members = [score for score in sized if score.rows and score.size == name]
        if not members:
            continue
        rows = sum(score.rows for score in members)
        found.append(
            ShotGroupScore(
                name=name,
                meaning=meaning,
                classes=len(members),
                rows=rows,
                accuracy=sum(score.recall * score.rows for score in members) / rows,
                macro_f1=sum(score.f1 for score in members) / len(members),
                top1=sum(score.recall for score in members) / len(members),
                top5=sum(score.top5 for score in members) / len(members),
            )
        )
    return found
