from __future__ import annotations

import json

import numpy as np
import pytest

from smartprod.evaluation.hierarchy import node_scores
from smartprod.evaluation.plots.tree import leaf_spans, node_figure, tree_chart


def nodes(classes):
    labels = np.arange(len(classes))
    return node_scores(labels, np.roll(labels, 1), classes, separator=" > ")


def test_tree_chart_has_every_node_and_names_those_with_room():
    drawn = tree_chart(nodes(("A > B > C", "A > B", "A > D", "E", "F > G")), separator=" > ")
    assert "7 nodes" in drawn.label
    for path in ("A > B > C", "E", "F > G"):
        assert json.dumps(path) in drawn.spec


@pytest.mark.parametrize("width", [3, 600])
def test_tree_chart_of_a_wide_tree_leaves_small_names_to_the_pointer(width):
    wide = tuple(f"{top} > leaf {number}" for top in "ABC" for number in range(width))
    drawn = tree_chart(nodes(wide), separator=" > ")
    assert f"{3 * width + 3} nodes" in drawn.label
    assert ('"leaf 1"' in drawn.spec) == (width == 3)


def test_tree_leaf_spans_lie_within_those_of_their_parents():
    found = nodes(("A > B > C", "A > D", "E"))
    spans = dict(zip((node.path for node in found), leaf_spans(found), strict=True))
    assert spans == {"A": (0, 2), "A > B": (0, 1), "A > B > C": (0, 1), "A > D": (1, 2), "E": (2, 3)}


def test_tree_figure_is_100_percent_only_where_all_is_found():
    labels = np.zeros(1000, np.int64)
    answers = labels.copy()
    answers[0] = 1
    (first, _) = node_scores(labels, answers, ("A", "B"), separator=" > ")
    assert node_figure(first) == "99 % of 1,000 found"
