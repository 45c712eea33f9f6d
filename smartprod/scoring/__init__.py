"""Batch scoring: a product table in, one answer per row out, in parts that survive being killed.

`score_table` plans the parts, scores those that are not there yet, and assembles them into one file.
"""

from __future__ import annotations

from smartprod.scoring.score import ScoreOutcome, score_table
from smartprod.scoring.summary import ScoreSummary

__all__ = ["ScoreOutcome", "ScoreSummary", "score_table"]
