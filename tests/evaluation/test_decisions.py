from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from smartprod.errors import SmartprodError
from smartprod.evaluation import ScoredDecisions
from smartprod.evaluation.decisions import summarise_decisions

LEARNED = ("A > x", "A > y", "B > z")


def decisions(*rows: tuple[str, str, str, str]) -> ScoredDecisions:
    """Decisions from (head, decision, truth, predicted)."""
    heads, kinds, truth, predicted = zip(*rows, strict=True) if rows else ((), (), (), ())
    return ScoredDecisions(
        np.arange(len(rows)), truth, predicted, np.full(len(rows), 0.5, np.float32), heads, kinds
    )


def test_decisions_each_is_judged_by_its_own_standard():
    summary = summarise_decisions(
        decisions(
            ("fused", "accepted", "A > x", "A > x"),
            ("fused", "accepted", "A > x", "A > y"),
            ("fused", "backed_off", "A > x", "A"),
            ("text", "backed_off", "B > z", "A"),
            ("text", "other", "C > new", "A > x"),
            ("text", "other", "A > x", "A > x"),
            ("", "review", "A > x", ""),
            ("image", "review", "A > x", "A > x"),
        ),
        classes=LEARNED,
        separator=" > ",
    )
    overall = {
        share.decision: (share.rows, share.accuracy) for share in summary.shares if share.head == "all"
    }
    assert overall == {"accepted": (2, 0.5), "backed_off": (2, 0.5), "other": (2, 0.5), "review": (2, 0.5)}
    assert (summary.accepted_share, summary.answered_share) == (0.25, 0.5)
    assert summary.answered_accuracy == 0.5
    assert ("none", "review", 1) in {(share.head, share.decision, share.rows) for share in summary.shares}


def test_decisions_similar_name_is_no_ancestor():
    summary = summarise_decisions(
        decisions(("fused", "backed_off", "Ab > x", "A")), classes=LEARNED, separator=" > "
    )
    assert summary.answered_accuracy == 0.0


def test_decisions_shares_of_heads_sum_to_one(report_data):
    summary = summarise_decisions(report_data.decisions, classes=report_data.classes, separator=" > ")
    assert sum(share.share for share in summary.shares if share.head == "all") == pytest.approx(1)
    assert sum(share.share for share in summary.shares if share.head != "all") == pytest.approx(1)


def test_decisions_of_no_rows_are_unknown():
    summary = summarise_decisions(decisions(), classes=LEARNED, separator=" > ")
    assert isnan(summary.answered_share)
    assert summary.shares == ()


def test_decisions_columns_of_different_length_are_refused():
    with pytest.raises(SmartprodError, match="SP652"):
        ScoredDecisions(np.arange(2), ("a",), ("a",), np.ones(1, np.float32), ("fused",), ("accepted",))
