"""Several labels per product: from which probability each is given, and the set of labels that makes an answer."""

from __future__ import annotations

from smartprod.decision.label_sets.decider import LabelDecider, LabelDecisions, LabelSettings
from smartprod.decision.label_sets.storage import load_label_decider, save_label_decision
from smartprod.decision.label_sets.thresholds import LearnedThresholds, learn_thresholds

__all__ = [
    "LabelDecider",
    "LabelDecisions",
    "LabelSettings",
    "LearnedThresholds",
    "learn_thresholds",
    "load_label_decider",
    "save_label_decision",
]
