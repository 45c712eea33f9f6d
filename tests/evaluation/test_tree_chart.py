from __future__ import annotations

import numpy as np

from smartprod.evaluation.hierarchy import node_scores
from smartprod.evaluation.plots.tree import LEAVES, tree_chart


def nodes(classes):
    labels = np.arange(len(classes))
    return node_scores(labels, np.roll(labels, 1), classes, separator=" > ")


def test_tree_chart_names_every_node():
    drawn = tree_chart(nodes(("A > B > C", "A > B", "A > D", "E", "F > G")), separator=" > ")
    for name in "ABCDEFG":
        assert f">{name}</text>" in drawn.svg
    assert "7 nodes" in drawn.svg


def test_tree_chart_of_a_wide_tree_is_cut_at_a_level_that_fits():
    wide = tuple(f"{top} > {leaf}" for top in "ABC" for leaf in range(LEAVES))
    drawn = tree_chart(nodes(wide), separator=" > ")
    assert "3 nodes" in drawn.svg
    assert tree_chart(nodes(tuple(f"{top} > x" for top in range(LEAVES + 1))), separator=" > ") is None
