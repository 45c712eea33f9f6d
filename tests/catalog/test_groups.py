from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import group_rows

keys = st.one_of(st.none(), st.sampled_from(["", "a", "b", "c", "d", "e", "f"]))


def group_rows_naively(columns):
    groups = list(range(len(columns[0])))
    changed = True
    while changed:
        changed = False
        for column in columns:
            for i in range(len(groups)):
                for j in range(i):
                    if column[i] and column[i] == column[j] and groups[i] != groups[j]:
                        groups = [
                            min(groups[i], groups[j]) if g in (groups[i], groups[j]) else g for g in groups
                        ]
                        changed = True
    seen = dict.fromkeys(groups)
    return [list(seen).index(group) for group in groups]


@settings(deadline=None)  # the first call imports
@given(st.lists(st.tuples(keys, keys), min_size=1, max_size=14))
def test_groups_are_those_of_the_naive_way(rows):
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert group_rows(columns).tolist() == group_rows_naively(columns)


def test_groups_follow_chains_across_columns():
    groups = group_rows([["a", "a", None, None], [None, "x", "x", None], ["", "", "", ""]])
    assert groups.tolist() == [0, 0, 0, 1]
    assert groups.dtype == np.int64


def test_groups_equal_keys_of_different_columns_are_no_tie():
    assert group_rows([["a", None], [None, "a"]]).tolist() == [0, 1]


def test_groups_of_no_rows():
    assert group_rows([[], []]).tolist() == []


def test_groups_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        group_rows([["a"], ["a", "b"]])
