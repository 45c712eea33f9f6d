from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.errors import SmartprodError
from smartprod.evaluation import EmbeddingMapInput
from smartprod.evaluation.embedding_map import embedding_map, stratified_sample


def clusters(count: int, *, classes: int = 3, dim: int = 20) -> EmbeddingMapInput:
    random = np.random.default_rng(0)
    labels = np.arange(count) % classes
    centres = random.normal(size=(classes, dim)) * 3
    embedding = (centres[labels] + random.normal(size=(count, dim)) * 0.3).astype(np.float32)
    return EmbeddingMapInput("any", embedding, labels, ("train",) * count, np.arange(count) + 1000)


def test_embedding_map_keeps_classes_together():
    found = embedding_map(clusters(150), points=150, seed=0)
    centres = np.stack([found.xy[found.labels == index].mean(axis=0) for index in range(3)])
    nearest = np.linalg.norm(found.xy[:, None] - centres[None], axis=2).argmin(axis=1)
    assert (nearest == found.labels).mean() > 0.95
    assert np.abs(found.xy).max() == pytest.approx(1.0)


def test_embedding_map_is_the_same_for_the_same_seed():
    first, second = (embedding_map(clusters(80), points=60, seed=3) for _ in range(2))
    assert np.array_equal(first.xy, second.xy)
    assert np.array_equal(first.rows, second.rows)
    assert len(first.rows) == 60


@pytest.mark.parametrize("count", [0, 1, 4])
def test_embedding_map_of_too_few_points_is_none(count):
    assert embedding_map(clusters(count), points=100, seed=0) is None


def test_embedding_map_of_equal_points_is_none():
    same = EmbeddingMapInput(
        "any", np.ones((30, 4), np.float32), np.zeros(30, np.int64), ("val",) * 30, np.arange(30)
    )
    assert embedding_map(same, points=100, seed=0) is None


@pytest.mark.parametrize("dim", [1, 2])
def test_embedding_map_of_narrow_embeddings_still_works(dim):
    found = embedding_map(clusters(40, dim=dim), points=100, seed=0)
    assert found is None or found.xy.shape == (40, 2)


def test_embedding_map_arrays_of_different_length_are_refused():
    with pytest.raises(SmartprodError, match="SP653"):
        EmbeddingMapInput(
            "any", np.ones((3, 2), np.float32), np.zeros(2, np.int64), ("val",) * 3, np.arange(3)
        )


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=200), st.integers(1, 100))
def test_embedding_map_sample_is_in_proportion(labels, points):
    given_labels = np.array(labels)
    kept = stratified_sample(given_labels, points=points, seed=0)
    assert len(kept) == min(points, len(labels))
    assert (np.diff(kept) > 0).all()
    share = len(kept) / len(labels)
    for label in set(labels):
        size = int((given_labels == label).sum())
        assert abs(int((given_labels[kept] == label).sum()) - share * size) <= 1.5
