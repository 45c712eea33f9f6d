from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import split_products
from smartprod.config.schema import SplitConfig
from smartprod.errors import UsageError


def split(labels, *, groups=None, column=None, seed=0, reasons=None, **fields):
    groups = np.arange(len(labels)) if groups is None else np.array(groups, dtype=np.int64)
    config = SplitConfig(**fields)
    return split_products(labels, groups=groups, column=column, config=config, seed=seed, reasons=reasons)


rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.integers(0, 25)), min_size=1, max_size=60
)
fractions = st.sampled_from([(0.15, 0.15), (0.0, 0.3), (0.3, 0.0), (0.0, 0.0), (0.4, 0.5)])


@settings(deadline=None)  # the first call imports
@given(rows, fractions, st.integers(0, 3))
def test_split_never_parts_a_group_and_trains_every_class(rows, fractions, seed):
    labels, groups = [label for label, _ in rows], [group for _, group in rows]
    val, test = fractions
    result = split(labels, groups=groups, val_fraction=val, test_fraction=test, seed=seed)
    parts_of_group = defaultdict(set)
    for label, group, part in zip(labels, groups, result.parts, strict=True):
        assert (part == "unlabelled") == (label is None)
        if label is not None:
            parts_of_group[group].add(part)
    assert all(len(parts) == 1 for parts in parts_of_group.values())
    assert set().union(*parts_of_group.values()) <= {"train"} | ({"val"} if val else set()) | (
        {"test"} if test else set()
    )
    trained = {label for label, part in zip(labels, result.parts, strict=True) if part == "train"}
    assert trained == {label for label in labels if label is not None}
    assert split(labels, groups=groups, val_fraction=val, test_fraction=test, seed=seed) == result


@pytest.mark.parametrize(
    ("count", "parts"),
    [
        (1, {"train": 1}),
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "val": 1, "test": 1}),
        (10, {"train": 7, "val": 1, "test": 2}),
        (1000, {"train": 700, "val": 150, "test": 150}),
    ],
)
def test_split_class_of_few_or_many_groups(count, parts):
    assert Counter(split(["a"] * count).parts) == parts


def test_split_copies_of_a_single_product_stay_in_train():
    assert split(["a"] * 5 + ["b"] * 5, groups=[0] * 5 + [1, 2, 3, 4, 5]).parts[:5] == ["train"] * 5


def test_split_fractions_hold_with_groups_of_many_sizes():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(900), rng.integers(1, 8, 900))
    labels = [f"class {group % 3}" for group in groups.tolist()]
    parts = split(labels, groups=groups).parts
    for name in set(labels):
        sizes = Counter(part for label, part in zip(labels, parts, strict=True) if label == name)
        total = sizes.total()
        assert sizes["val"] / total == pytest.approx(0.15, abs=0.01)
        assert sizes["test"] / total == pytest.approx(0.15, abs=0.01)


def test_split_of_one_class_does_not_depend_on_another():
    alone = split(["a"] * 40).parts
    beside = split(["a"] * 40 + ["b"] * 30).parts
    assert beside[:40] == alone
    assert split(["a"] * 40, seed=1).parts != alone


def test_split_group_with_several_labels_goes_by_the_commonest():
    labels = ["a", "a", "b"] + ["b"] * 20
    parts = split(labels, groups=[0, 0, 0, *range(1, 21)]).parts
    assert parts[:3] == ["train"] * 3  # the only group of `a`


def test_split_excluded_rows_are_unused_with_the_reason_they_came_with():
    result = split(["a", None, None], reasons=[None, "dropped", None])
    assert result.parts == ["train", "unused", "unlabelled"]
    assert result.reasons == [None, "dropped", None]


def test_split_follows_the_tables_own_column_in_any_spelling():
    column = [" Training", "VALID", "dev", "holdout", "test", "validation"]
    assert split(["a"] * 6, column=column).parts == ["train", "val", "val", "test", "test", "val"]
    assert "own split column" in split(["a"] * 6, column=column).lines()[0]


def test_split_column_other_value_is_unused_with_the_reason():
    result = split(["a"] * 4, column=["train", "val", "test", "Iconic"])
    assert result.parts[3] == "unused"
    assert result.reasons[3] == "the split column says `iconic`"


def test_split_column_empty_value_is_trained_on_unless_it_would_leak():
    result = split(["a"] * 5, groups=[0, 1, 2, 2, 3], column=["train", "val", "test", None, ""])
    assert result.parts == ["train", "val", "test", "unused", "train"]
    assert "a row of its group is in test" in result.reasons[3]


def test_split_column_without_val_has_it_carved_from_train_only():
    column = ["train"] * 80 + ["test"] * 20
    result = split(["a"] * 100, groups=[*range(60), *range(60, 80), *range(60, 80)], column=column)
    assert result.parts[80:] == ["test"] * 20
    assert Counter(result.parts[:80]) == {"train": 71, "val": 9}
    assert set(result.parts[60:80]) == {"train"}  # they share groups with test and are not carved from
    assert any("no val" in line for line in result.lines())


def test_split_column_without_test_has_it_carved():
    parts = split(["a"] * 100, column=["train"] * 80 + ["val"] * 20).parts
    assert Counter(parts) == {"train": 68, "val": 20, "test": 12}


def test_split_column_that_only_says_train_is_split_anew():
    result = split(["a"] * 101, column=["train"] * 90 + [None] * 10 + ["x"])
    assert Counter(result.parts) == {"train": 70, "val": 15, "test": 15, "unused": 1}


def test_split_column_that_never_trains_a_class_is_told():
    lines = split(["a", "a", "b"], column=["train", "test", "test"]).lines()
    assert "1 class has no row in train and cannot be learned" in lines


@pytest.mark.parametrize("column", [[None] * 100, [" "] * 100])
def test_split_empty_column_counts_as_none(column):
    assert split(["a"] * 100, column=column) == split(["a"] * 100)


def test_split_column_is_left_aside_where_configured():
    assert split(["a"] * 100, column=["x"] * 100, use_column=False) == split(["a"] * 100)


@pytest.mark.parametrize(
    ("column", "fields", "code"),
    [
        (["fold1", "fold2"], {}, "SP240"),
        (["val", "test"], {}, "SP241"),
        (None, {"val_fraction": 0.5, "test_fraction": 0.5}, "SP242"),
    ],
)
def test_split_that_leaves_nothing_to_train_on_is_refused(column, fields, code):
    with pytest.raises(UsageError) as caught:
        split(["a", "a"], column=column, **fields)
    assert caught.value.code == code


def test_split_without_any_label():
    result = split([None, None], column=["train", "test"])
    assert result.parts == ["unlabelled"] * 2
    assert result.lines()[-1].split() == ["unlabelled", "2", "rows"]


def test_split_account_counts_rows_and_classes():
    lines = split(["a"] * 10 + ["b"] + [None]).lines()
    assert "1 class has no row in test" in lines[1]
    assert [line.split() for line in lines[2:]] == [
        ["train", "8", "rows", "2", "classes"],
        ["val", "1", "rows", "1", "classes"],
        ["test", "2", "rows", "1", "classes"],
        ["unlabelled", "1", "rows"],
    ]
