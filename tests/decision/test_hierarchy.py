from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.decision import Hierarchy

TREE = Hierarchy(("A > B > C", "A > B > D", "A > E", "F", "A"), " > ")


def back_off(probabilities, threshold, tree=TREE):
    paths, sums = tree.back_off(np.asarray([probabilities], np.float32), threshold)
    return paths[0], float(sums[0])


def test_hierarchy_ancestors_are_deepest_first():
    assert TREE.ancestors == ("A > B", "A")


def test_hierarchy_sums_are_consistent():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 50).astype(np.float32)
    totals = probabilities @ TREE.membership
    np.testing.assert_allclose(totals[:, 0], probabilities[:, [0, 1]].sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(totals[:, 1], probabilities[:, [0, 1, 2, 4]].sum(axis=1), rtol=1e-5)
    assert (totals[:, 1] >= totals[:, 0]).all()


@pytest.mark.parametrize(
    ("probabilities", "threshold", "path", "total"),
    [
        ([0.4, 0.5, 0.05, 0.05, 0], 0.8, "A > B", 0.9),
        ([0.3, 0.3, 0.3, 0.1, 0], 0.8, "A", 0.9),
        ([0.3, 0.1, 0.1, 0.1, 0.4], 0.8, "A", 0.9),
        ([0.3, 0.1, 0.1, 0.5, 0], 0.8, None, None),
    ],
)
def test_hierarchy_backs_off_to_the_deepest_sure_ancestor(probabilities, threshold, path, total):
    found, sure = back_off(probabilities, threshold)
    assert found == path
    assert np.isnan(sure) if total is None else sure == pytest.approx(total)


def test_hierarchy_of_equally_deep_ancestors_takes_the_most_probable():
    tree = Hierarchy(("A > x", "A > y", "B > x", "B > y"), " > ")
    assert back_off([0.2, 0.2, 0.3, 0.3], 0.3, tree) == ("B", pytest.approx(0.6))


def test_hierarchy_flat_labels_have_no_ancestors():
    flat = Hierarchy(("red", "green"), " > ")
    assert flat.ancestors == ()
    assert back_off([0.5, 0.5], 0.1, flat)[0] is None


def test_hierarchy_never_backs_off_where_no_threshold_is_attainable():
    tree = Hierarchy(tuple(f"Root > {number}" for number in range(60)), " > ")
    probabilities = np.random.default_rng(0).dirichlet(np.ones(60), 2_000).astype(np.float32)
    paths, _ = tree.back_off(probabilities, float(np.nextafter(np.float32(1), np.float32(2))))
    assert all(path is None for path in paths)


def test_hierarchy_of_no_rows_answers_for_none():
    paths, sums = TREE.back_off(np.zeros((0, 5), np.float32), 0.5)
    assert (len(paths), len(sums)) == (0, 0)


@st.composite
def trees(draw):
    """Trees of any shape: classes that are inner nodes, single levels, empty levels, marks of the separator."""
    separator = draw(st.sampled_from([" > ", "/", ">>", " - "]))
    level = st.text(alphabet="ab >/-é", max_size=3)
    paths = draw(st.lists(st.lists(level, min_size=1, max_size=4), min_size=1, max_size=8))
    classes = tuple(dict.fromkeys(separator.join(path) for path in paths))
    rows = draw(st.integers(min_value=0, max_value=4))
    probabilities = np.random.default_rng(draw(st.integers(0, 99))).dirichlet(
        np.full(len(classes), 0.4), rows
    )
    return Hierarchy(classes, separator), probabilities.astype(np.float32).reshape(rows, len(classes))


@given(trees())
def test_hierarchy_probability_of_a_node_is_that_of_its_children_and_its_own(tree_and_rows):
    tree, probabilities = tree_and_rows
    totals = dict(zip(tree.ancestors, tree.ancestor_probabilities(probabilities).T, strict=True))
    of_class = dict(zip(tree.classes, probabilities.T, strict=True))
    for node, total in totals.items():
        depth = len(node.split(tree.separator))
        prefix = node.split(tree.separator)
        below = {
            tree.separator.join(path[: depth + 1])
            for path in (name.split(tree.separator) for name in tree.classes)
            if len(path) > depth and path[:depth] == prefix
        }
        own = of_class.get(node, np.float32(0))
        np.testing.assert_allclose(
            total, own + sum(totals.get(child, of_class.get(child)) for child in below), atol=1e-6
        )
        assert (total <= 1).all()


@given(trees(), st.floats(min_value=0, max_value=1, width=32))
def test_hierarchy_back_off_is_the_deepest_sure_node_whose_ancestors_are_at_least_as_sure(
    tree_and_rows, threshold
):
    tree, probabilities = tree_and_rows
    paths, sums = tree.back_off(probabilities, threshold)
    totals = tree.ancestor_probabilities(probabilities)
    depth_of = {node: len(node.split(tree.separator)) for node in tree.ancestors}
    for row, (path, total) in enumerate(zip(paths, sums, strict=True)):
        sure = [
            node
            for number, node in enumerate(tree.ancestors)
            if totals[row, number] >= np.float32(threshold) and not tree.membership[:, number].all()
        ]
        if path is None:
            assert not sure
            continue
        assert depth_of[path] == max(depth_of[node] for node in sure)
        levels = path.split(tree.separator)
        for depth in range(1, len(levels)):
            above = totals[row, tree.ancestors.index(tree.separator.join(levels[:depth]))]
            assert above >= total


@given(trees())
def test_hierarchy_distances_are_those_of_a_tree(tree_and_rows):
    tree, _ = tree_and_rows
    distances = tree.distances
    np.testing.assert_array_equal(distances, distances.T)
    assert (np.diag(distances) == 0).all()
    assert (distances[~np.eye(len(distances), dtype=bool)] > 0).all()
    assert (distances[:, :, None] + distances[None, :, :] >= distances[:, None, :]).all()
