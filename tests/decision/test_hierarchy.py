from __future__ import annotations

import numpy as np
import pytest

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
