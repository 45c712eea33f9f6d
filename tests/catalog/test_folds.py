from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog.folds import ALWAYS_TRAINED, assign_folds
from smartprod.config.schema import SplitConfig


def folds_of(labels, groups=None, parts=None, *, seed=0, **config):
    count = len(labels)
    return assign_folds(
        [f"c{label}" for label in labels],
        ["train"] * count if parts is None else parts,
        np.arange(count) if groups is None else np.asarray(groups),
        config=SplitConfig(**config),
        seed=seed,
    )


def test_folds_are_stratified_by_class():
    labels = np.repeat([0, 1, 2], [50, 20, 5])
    folds = folds_of(labels)
    for label, size in ((0, 10), (1, 4), (2, 1)):
        assert np.bincount(folds[labels == label]).tolist() == [size] * 5


def test_folds_classes_of_a_single_group_are_always_trained_with_their_whole_group():
    folds = folds_of([0, 0, 1, 1, 2, 2, 0, 1], [0, 1, 2, 3, 4, 4, 5, 4], folds=2)
    assert folds[[4, 5]].tolist() == [ALWAYS_TRAINED] * 2
    assert folds[7] == ALWAYS_TRAINED, "a row of class 1 that shares its group with class 2 stays beside it"
    assert (folds[[0, 1, 2, 3, 6]] >= 0).all()


def test_folds_only_train_and_val_rows_have_one():
    parts = ["train", "val", "test", "unlabelled"] * 5
    folds = folds_of([0] * 20, parts=parts)
    assert {part for part, fold in zip(parts, folds, strict=True) if fold >= 0} == {"train", "val"}


@pytest.mark.parametrize(
    ("labels", "config"),
    [([0, 1] * 9, {"folds": 1}), ([0, 1] * 9, {"folds_up_to_rows": 17}), ([0, 1, 2], {}), ([], {})],
    ids=["one fold", "too many rows", "one row each", "no rows"],
)
def test_folds_there_are_none_where_the_val_part_validates(labels, config):
    assert (folds_of(labels, **config) == ALWAYS_TRAINED).all()


def test_folds_are_no_more_than_can_be_filled():
    assert set(folds_of([0, 0, 0, 1, 1, 1])) == {0, 1, 2}
    assert set(folds_of([0] * 300, folds=200)) == set(range(127))


def test_folds_repeat_by_seed():
    labels = np.repeat([0, 1, 2], 20)
    assert folds_of(labels, seed=3).tolist() == folds_of(labels, seed=3).tolist()
    assert folds_of(labels, seed=3).tolist() != folds_of(labels, seed=4).tolist()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), min_size=1, max_size=40),
    folds=st.integers(2, 6),
    seed=st.integers(0, 3),
)
def test_folds_keep_groups_whole(rows, folds, seed):
    labels, groups = (np.asarray(column) for column in zip(*rows, strict=True))
    found = folds_of(labels, groups, folds=folds, seed=seed)
    assert found.dtype == np.int8
    assert found.min() >= ALWAYS_TRAINED
    assert found.max() < folds
    for group in np.unique(groups):
        assert len(set(found[groups == group].tolist())) == 1
    for label in np.unique(labels):
        if len(np.unique(groups[labels == label])) < 2:
            assert (found[labels == label] == ALWAYS_TRAINED).all()
