"""Every head side by side, and the candidates they were chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartprod.evaluation.data import LeaderboardRow, ReportData
from smartprod.evaluation.metrics import HeadMetrics
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.shots import ShotGroupScore
from smartprod.evaluation.summary import Evaluation


@dataclass(frozen=True, slots=True)
class HeadsTable:
    """Heads and candidates.

    Attributes:
        test, validation: Scores by head.
        validation_kind: How the validation predictions came about.
        chosen: Name of the chosen head.
        sizes: Scores by size of class.
        leaderboard: Candidates, best first.
    """

    test: Mapping[str, HeadMetrics]
    validation: Mapping[str, HeadMetrics]
    validation_kind: str
    chosen: str
    sizes: tuple[ShotGroupScore, ...]
    leaderboard: tuple[LeaderboardRow, ...]


def heads_section(data: ReportData, evaluation: Evaluation) -> PageSection:
    """Set the heads side by side."""
    ranked = sorted(data.leaderboard, key=lambda row: (row.macro_f1 != row.macro_f1, -row.macro_f1))
    content = HeadsTable(
        evaluation.test,
        evaluation.validation,
        data.validation_kind,
        data.chosen.name,
        tuple(evaluation.sizes),
        tuple(ranked),
    )
    return PageSection("heads", "Heads and candidates", "heads.html.j2", content)
