"""Decision: calibrated heads, thresholds, rejection and back-off make one answer per product."""

from __future__ import annotations

from smartprod.decision.answers import CombinedAnswers, HeadAnswers, Mode, combine, needed_embeddings
from smartprod.decision.calibration import NoCalibration, cross_fit_folds, learn_calibration
from smartprod.decision.class_edits import AddedClass, ClassEdit, MergedClasses
from smartprod.decision.costs import choose_classes, mean_cost
from smartprod.decision.decider import Decider, Decisions
from smartprod.decision.hierarchy import Hierarchy
from smartprod.decision.label_sets import (
    LabelDecider,
    LabelDecisions,
    LabelSettings,
    load_label_decider,
    save_label_decision,
)
from smartprod.decision.newcomers import learn_newcomer
from smartprod.decision.open_set import open_set_embedding
from smartprod.decision.settings import DecisionSettings, ModeThresholds
from smartprod.decision.storage import load_decider, save_decision

__all__ = [
    "AddedClass",
    "ClassEdit",
    "CombinedAnswers",
    "Decider",
    "DecisionSettings",
    "Decisions",
    "HeadAnswers",
    "Hierarchy",
    "LabelDecider",
    "LabelDecisions",
    "LabelSettings",
    "MergedClasses",
    "Mode",
    "ModeThresholds",
    "NoCalibration",
    "choose_classes",
    "combine",
    "cross_fit_folds",
    "learn_calibration",
    "learn_newcomer",
    "load_decider",
    "load_label_decider",
    "mean_cost",
    "needed_embeddings",
    "open_set_embedding",
    "save_decision",
    "save_label_decision",
]
