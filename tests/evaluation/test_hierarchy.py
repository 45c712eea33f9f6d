from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.evaluation import HeadPredictions, ScoredDecisions
from smartprod.evaluation.hierarchy import (
    answer_depth,
    hierarchical_score,
    node_scores,
    summarise_tree,
)

CLASSES = ("A > B > C", "A > B > D", "A > E", "F", "A > B")


def score(truth, predicted):
    return hierarchical_score(truth, predicted, separator=" > ")


def test_hierarchy_score_of_an_example_by_hand():
    # Shared ancestors: 2 of (A, A>B, A>B>C) and (A, A>B, A>B>D); 1 of the second row; 0 of the third.
    found = score(["A > B > C", "A > E", "F"], ["A > B > D", "A > B", "A > E"])
    assert (found.precision, found.recall) == (3 / 7, 3 / 6)
    assert found.f1 == pytest.approx(2 * 3 / (7 + 6))


def test_hierarchy_score_of_the_paper_counts_a_shallower_answer_as_recall_lost_only():
    found = score(["A > B > C"], ["A > B"])
    assert (found.precision, found.recall) == (1, 2 / 3)


def test_hierarchy_score_of_rows_without_an_answer_costs_recall_only():
    found = score(["A > B", "A > B"], ["A > B", None])
    assert (found.precision, found.recall) == (1, 0.5)
    nothing = score(["A > B"], [""])
    assert isnan(nothing.precision)
    assert nothing.recall == 0
    assert isnan(score([], []).f1)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=30))
def test_hierarchy_score_of_flat_labels_is_their_accuracy(pairs):
    found = score([true for true, _ in pairs], [answer for _, answer in pairs])
    accuracy = np.mean([true == answer for true, answer in pairs])
    assert (found.precision, found.recall, found.f1) == pytest.approx((accuracy,) * 3)


def decisions(*lines):
    truth, predicted, kinds = zip(*lines, strict=True)
    count = len(lines)
    return ScoredDecisions(
        np.arange(count), truth, predicted, np.ones(count, np.float32), ("fused",) * count, kinds
    )


def test_hierarchy_depth_of_answers_counts_only_those_given():
    found = answer_depth(
        decisions(
            ("A > B > C", "A > B > C", "accepted"),
            ("A > B > D", "A > B", "backed_off"),
            ("F", "A", "backed_off"),
            ("F", "F", "review"),
            ("Z > Y", "", "other"),
        ),
        separator=" > ",
    )
    assert (found.rows, found.true_depth, found.answered_depth) == (5, 7 / 3, 2)
    assert (found.backed_off_share, found.backed_off_accuracy, found.backed_off_depth) == (0.4, 0.5, 1.5)
    assert (found.score.precision, found.score.recall) == (5 / 6, 5 / 10)


def test_hierarchy_nodes_are_scored_whatever_happens_below_them():
    labels, predicted = np.asarray([0, 0, 1, 2, 3, 4]), np.asarray([0, 1, 2, 2, 3, 0])
    nodes = {node.path: node for node in node_scores(labels, predicted, CLASSES, separator=" > ")}
    assert list(nodes) == ["A", "A > B", "A > B > C", "A > B > D", "A > E", "F"]
    assert (nodes["A"].rows, nodes["A"].recall, nodes["A"].precision) == (5, 1, 1)
    assert (nodes["A > B"].rows, nodes["A > B"].recall, nodes["A > B"].precision) == (4, 0.75, 1)
    assert (nodes["A > B > C"].recall, nodes["A > B > C"].precision) == (0.5, 0.5)
    assert (nodes["A > B > D"].rows, nodes["A > B > D"].recall, nodes["A > B > D"].precision) == (1, 0, 0)
    assert nodes["A > E"].precision == 0.5


def test_hierarchy_node_without_rows_has_no_recall():
    nodes = node_scores(np.asarray([0]), np.asarray([0]), ("A > x", "A > y"), separator=" > ")
    assert [isnan(node.recall) for node in nodes] == [False, False, True]
    assert all(
        isnan(node.recall)
        for node in node_scores(np.zeros(0, int), np.zeros(0, int), ("A > x",), separator=" > ")
    )


def test_hierarchy_of_flat_categories_has_no_summary():
    head = HeadPredictions("fused", np.arange(2), np.asarray([0, 1]), np.eye(2, dtype=np.float32))
    assert summarise_tree([head], head, None, classes=("red", "green"), separator=" > ") is None
    summary = summarise_tree([head], head, None, classes=("A > x", "A > y"), separator=" > ")
    assert summary.heads["fused"].f1 == 1
    assert summary.answers is None
