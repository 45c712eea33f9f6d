from __future__ import annotations

import numpy as np
import pytest

from smartprod.config.learning import ResampleConfig
from smartprod.errors import TrainingError
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation
from smartprod.resampling import resample_embeddings, select_rows, training_set, usable_rows
from smartprod.resampling.samplers import SAMPLERS
from smartprod.resampling.training_rows import resample_fold
from tests.embedded_table import embed, learning_data

LABELS = np.repeat([0, 1, 2, 4], [20, 9, 3, 1])
METHODS = tuple(SAMPLERS)
FILLING = ("smote", "borderline_smote", "adasyn", "smote_tomek")


def counts(labels: np.ndarray) -> dict[int, int]:
    return dict(zip(*(each.tolist() for each in np.unique(labels, return_counts=True)), strict=True))


def synthesize(labels, method, *, strength=0.7, seed=0, neighbours=5):
    embedding = embed(labels, dim=6, strength=strength, seed=0)
    return embedding, resample_embeddings(embedding, labels, method=method, neighbours=neighbours, seed=seed)


def test_resample_none_keeps_every_row_once():
    assert select_rows(LABELS, method="none", seed=0).tolist() == list(range(33))


def test_resample_random_over_repeats_rows_up_to_the_largest_class():
    rows = select_rows(LABELS, method="random_over", seed=0)
    assert counts(LABELS[rows]) == {0: 20, 1: 20, 2: 20, 4: 20}
    assert set(rows) == set(range(33))


def test_resample_random_under_draws_rows_down_to_the_smallest_class():
    rows = select_rows(LABELS, method="random_under", seed=0)
    assert counts(LABELS[rows]) == {0: 1, 1: 1, 2: 1, 4: 1}


@pytest.mark.parametrize("method", ["random_over", "random_under"])
def test_resample_selection_repeats_by_seed(method):
    draws = [select_rows(LABELS, method=method, seed=seed).tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("method", ["random_over", "random_under", *METHODS])
@pytest.mark.parametrize("labels", [np.full(5, 3), np.zeros(0, np.int64)], ids=["one class", "no rows"])
def test_resample_single_class_is_left_alone(method, labels):
    if method in METHODS:
        embedding = np.ones((len(labels), 4), np.float32)
        made = resample_embeddings(embedding, labels, method=method, neighbours=5, seed=0)
        np.testing.assert_array_equal(made.embedding, embedding)
        np.testing.assert_array_equal(made.labels, labels)
    else:
        assert select_rows(labels, method=method, seed=0).tolist() == list(range(len(labels)))


def test_resample_smote_fills_up_all_classes_but_those_of_one_row():
    embedding, made = synthesize(LABELS, "smote")
    assert counts(made.labels) == {0: 20, 1: 20, 2: 20, 4: 1}
    np.testing.assert_array_equal(made.embedding[:32], embedding[:32])
    assert (made.embedding.dtype, made.labels.dtype) == (np.float32, np.int64)


def test_resample_smote_makes_embeddings_between_two_of_the_class():
    embedding, made = synthesize(LABELS, "smote")
    own = embedding[LABELS == 2]
    for new in made.embedding[33:][made.labels[33:] == 2]:
        pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
        gaps = [
            abs(np.linalg.norm(new - own[a]) + np.linalg.norm(new - own[b]) - np.linalg.norm(own[a] - own[b]))
            for a, b in pairs
        ]
        assert min(gaps) < 1e-5


@pytest.mark.parametrize("method", FILLING)
def test_resample_synthesis_repeats_by_seed_and_keeps_every_class(method):
    first, again, other = (synthesize(LABELS, method, seed=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.embedding, again.embedding)
    assert first.embedding.shape != other.embedding.shape or (first.embedding != other.embedding).any()
    assert set(first.labels) == {0, 1, 2, 4}
    assert np.isfinite(first.embedding).all()
    assert len(first.labels) > 33


def test_resample_tomek_links_never_take_the_only_row_of_a_class():
    labels = np.asarray([0, 0, 0, 0, 1, 1, 1, 2])
    embedding = np.asarray([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1], [9.2], [5.01]], np.float32)
    made = resample_embeddings(embedding, labels, method="smote_tomek", neighbours=1, seed=0)
    assert 2 in made.labels


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sizes", [[1, 1, 1], [5, 1, 1], [9, 4, 1], [2, 2, 1]], ids=str)
def test_resample_every_method_leaves_single_rows_as_they_are(method, sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    embedding, made = synthesize(labels, method, neighbours=3, strength=0.1)
    assert set(made.labels) == set(labels), "no class is lost"
    for label in np.flatnonzero(np.asarray(sizes) == 1):
        np.testing.assert_array_equal(made.embedding[made.labels == label], embedding[labels == label])


@pytest.mark.parametrize("method", ["cluster_centroids", "near_miss"])
def test_resample_thinning_goes_down_to_the_smallest_class_of_two_rows(method):
    _, made = synthesize(LABELS, method)
    assert counts(made.labels) == {0: 3, 1: 3, 2: 3, 4: 1}


@pytest.mark.parametrize("method", ["tomek_links", "edited_nearest_neighbours"])
def test_resample_cleaning_only_takes_rows_away_and_none_of_the_smallest_class(method):
    embedding, made = synthesize(LABELS, method, strength=0.3)
    assert len(made.labels) < len(LABELS)
    assert counts(made.labels)[2] == 3
    assert {row.tobytes() for row in made.embedding} <= {row.tobytes() for row in embedding}


def test_resample_method_that_can_do_nothing_says_what_to_do():
    with pytest.raises(TrainingError, match=r"SP522(.|\n)*adasyn(.|\n)*random_over"):
        synthesize(LABELS, "adasyn", strength=100.0, neighbours=2)


@pytest.mark.parametrize("method", ["none", "random_over", "random_under", "smote"])
def test_resample_validation_rows_are_never_touched(method):
    missing = np.arange(33) % 7 != 0
    data = learning_data([20, 9, 4], image=missing)
    config = ResampleConfig(method=method, neighbours=2)
    representations = {each.name: each for each in (SingleRepresentation("image"), ConcatRepresentation(1.0))}
    for fold in data.folds:
        arrays = resample_fold(data, fold, representations, config=config, seed=0)
        held = set(fold.validation.tolist())
        for representation in representations.values():
            made = training_set(arrays, data, fold.name, representation)
            train = usable_rows(data, fold.train, representation)
            assert not held & set(train.tolist())
            assert set(made.labels) == set(data.labels[train])
            known = representation.embed(data.products.take(train))
            if method == "smote":
                np.testing.assert_array_equal(made.embedding[: len(train)], known)
            else:
                assert set(arrays[f"{fold.name}/{representation.name}/rows"]) <= set(train.tolist())
                assert {row.tobytes() for row in made.embedding} <= {row.tobytes() for row in known}
