"""How good the model is: metrics, and the report that a person reads.

`build_report` and `metrics_document` live in `smartprod.evaluation.report` and `smartprod.evaluation.document`;
they are imported from there, because they load scikit-learn and matplotlib.
"""

from __future__ import annotations

from smartprod.evaluation.data import (
    DECISION_KINDS,
    UNKNOWN_CLASS,
    AccountSection,
    ChosenHead,
    DecisionKind,
    EmbeddingMapInput,
    HeadPredictions,
    LeaderboardRow,
    ProductExample,
    ProductLookup,
    ReportData,
    ScoredDecisions,
)

__all__ = [
    "DECISION_KINDS",
    "UNKNOWN_CLASS",
    "AccountSection",
    "ChosenHead",
    "DecisionKind",
    "EmbeddingMapInput",
    "HeadPredictions",
    "LeaderboardRow",
    "ProductExample",
    "ProductLookup",
    "ReportData",
    "ScoredDecisions",
]
