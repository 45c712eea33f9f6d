from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartprod.review import review_order


def order(margins, pairs=None, surprising=None):
    count = len(margins)
    return review_order(
        np.asarray(margins, np.float32),
        pairs or [(f"a{number}", f"b{number}") for number in range(count)],
        np.asarray(surprising if surprising is not None else [False] * count),
    ).tolist()


def test_order_starts_with_the_smallest_margin_and_with_no_answer_at_all():
    assert order([0.9, 0.1, 0.5, np.nan]) == [3, 1, 2, 0]


def test_order_prefers_what_is_unlike_everything_learned():
    assert order([0.5, 0.6], surprising=[False, True]) == [1, 0]


def test_order_does_not_ask_the_same_doubt_again_and_again():
    margins = [0.10, 0.11, 0.12, 0.30]
    same = [("shirt", "blouse"), ("blouse", "shirt"), ("shirt", "blouse"), ("mug", "cup")]
    assert order(margins, same) == [0, 1, 3, 2]


def test_order_keeps_the_order_of_equal_rows():
    assert order([0.5] * 4) == [0, 1, 2, 3]


@given(
    st.lists(
        st.tuples(st.floats(0, 1, width=32), st.sampled_from("abc"), st.sampled_from("abc"), st.booleans()),
        max_size=60,
    )
)
def test_order_holds_every_row_once(rows):
    found = order([row[0] for row in rows], [(row[1], row[2]) for row in rows], [row[3] for row in rows])
    assert sorted(found) == list(range(len(rows)))
