from __future__ import annotations

import numpy as np

from smartprod.classifiers import class_means, cluster_classes


def test_class_clusters_by_hand():
    means = np.asarray([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [-1, -1]], float)
    found = cluster_classes(means)
    groups = {
        frozenset(np.flatnonzero(found.clusters == cluster).tolist()) for cluster in range(found.number)
    }
    assert groups == {frozenset({0, 1}), frozenset({2, 3}), frozenset({4})} or found.number == 2
    three = cluster_classes(means, number=3)
    assert {frozenset(np.flatnonzero(three.clusters == cluster).tolist()) for cluster in range(3)} == {
        frozenset({0, 1}), frozenset({2, 3}), frozenset({4}),
    }  # fmt: skip
    assert three.clusters[three.order].tolist() == sorted(three.clusters[three.order].tolist())


def test_class_clusters_choose_the_number_with_the_highest_silhouette():
    rng = np.random.default_rng(0)
    means = np.repeat(np.eye(4), 5, axis=0) + rng.normal(0, 0.05, (20, 4))
    found = cluster_classes(means)
    assert found.number == 4
    assert max(found.silhouettes, key=found.silhouettes.get) == 4
    assert (np.bincount(found.clusters) == 5).all()


def test_class_clusters_of_few_or_equal_classes():
    assert cluster_classes(np.zeros((0, 3))).number == 0
    assert cluster_classes(np.ones((1, 3))).clusters.tolist() == [0]
    assert cluster_classes(np.eye(2), number=2).number == 2
    assert cluster_classes(np.eye(2)).number == 1
    assert cluster_classes(np.ones((6, 3))).number >= 1  # no gap anywhere
    assert np.isfinite(cluster_classes(np.zeros((4, 3))).linkage).all()


def test_class_means_are_unit_directions_around_their_mean():
    embedding = np.asarray([[2, 0], [4, 0], [0, 1], [0, 3]], np.float32)
    means = class_means(embedding, np.asarray([0, 0, 2, 2]), classes=3)
    np.testing.assert_allclose(means, [[0.5**0.5, -(0.5**0.5)], [0, 0], [-(0.5**0.5), 0.5**0.5]], atol=1e-7)
