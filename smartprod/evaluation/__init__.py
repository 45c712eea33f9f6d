"""How good the model is: metrics, and the report that a person reads.

`ReportData` is what goes in; `build_report` (one HTML file), `metrics_document` (`metrics.json`) and `score_lines`
(the terminal) come out. scikit-learn, Bokeh and jinja2 are loaded when they are needed.
"""

from __future__ import annotations

from smartprod.evaluation.comparison import Comparison, compare_runs
from smartprod.evaluation.comparison_page import comparison_lines, comparison_page
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
from smartprod.evaluation.document import metrics_document
from smartprod.evaluation.metrics import HeadMetrics, head_metrics
from smartprod.evaluation.redrawing import Redrawn, redraw_report
from smartprod.evaluation.report import build_report
from smartprod.evaluation.scores import score_lines
from smartprod.evaluation.summary import Evaluation, evaluate
from smartprod.evaluation.sweeps import (
    SweepMetric,
    SweepTable,
    Trial,
    TrialScores,
    read_sweep,
    sweep_file,
    sweep_page,
)
from smartprod.evaluation.thumbnails import Thumbnail, large_thumbnail

__all__ = [
    "DECISION_KINDS",
    "UNKNOWN_CLASS",
    "AccountSection",
    "ChosenHead",
    "Comparison",
    "DecisionKind",
    "EmbeddingMapInput",
    "Evaluation",
    "HeadMetrics",
    "HeadPredictions",
    "LeaderboardRow",
    "ProductExample",
    "ProductLookup",
    "Redrawn",
    "ReportData",
    "ScoredDecisions",
    "SweepMetric",
    "SweepTable",
    "Thumbnail",
    "Trial",
    "TrialScores",
    "build_report",
    "compare_runs",
    "comparison_lines",
    "comparison_page",
    "evaluate",
    "head_metrics",
    "large_thumbnail",
    "metrics_document",
    "read_sweep",
    "redraw_report",
    "score_lines",
    "sweep_file",
    "sweep_page",
]
