"""Scores by size of class: many, medium and few training rows (Liu et al., "Open Long-Tailed Recognition", 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from smartprod.config.schema import ShotsConfig
from smartprod.evaluation.per_class import ClassScore


@dataclass(frozen=True, slots=True)
class ShotGroupScore:
    """How the classes of one size fared.

    Attributes:
        name: `many`, `medium` or `few`.
        meaning: The limits in words.
        classes: Classes of this size that have rows in the part.
        rows: Their rows in the part.
        accuracy: Of those rows.
        macro_f1: Mean F1 of those classes.
    """

    name: str
    meaning: str
    classes: int
    rows: int
    accuracy: float
    macro_f1: float


def shot_group_scores(scores: Sequence[ClassScore], limits: ShotsConfig) -> list[ShotGroupScore]:
    """Group the classes by their training rows; groups without classes are left out.

    Args:
        scores: Score of each class.
        limits: Where few ends and many begins.
    """
    groups = (
        ("many", f"more than {limits.many} training rows", limits.many + 1, inf),
        ("medium", f"{limits.few} to {limits.many} training rows", limits.few, limits.many),
        ("few", f"fewer than {limits.few} training rows", 0, limits.few - 1),
    )
    found = []
    for name, meaning, low, high in groups:
        members = [score for score in scores if score.rows and low <= score.train_rows <= high]
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
            )
        )
    return found
