"""Decision: calibrated heads, thresholds, rejection and back-off make one answer per product."""

from __future__ import annotations

from smartprod.decision.answers import CombinedAnswers, HeadAnswers, Mode, combine
from smartprod.decision.costs import choose_classes, mean_cost
from smartprod.decision.decider import Decider, Decisions, DecisionSettings, ModeThresholds
from smartprod.decision.hierarchy import Hierarchy
from smartprod.decision.storage import load_decider, save_decision

__all__ = [
    "CombinedAnswers",
    "Decider",
    "DecisionSettings",
    "Decisions",
    "HeadAnswers",
    "Hierarchy",
    "Mode",
    "ModeThresholds",
    "choose_classes",
    "combine",
    "load_decider",
    "mean_cost",
    "save_decision",
]
