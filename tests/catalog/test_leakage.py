from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import find_label_conflicts, find_leakage, group_rows, split_products
from smartprod.catalog.leakage import PartOverlap, SharedKey
from smartprod.config.schema import SplitConfig


def test_leakage_counts_shared_images_by_pair_of_parts():
    parts = ["train", "train", "test", "test", "val", "unused", "unlabelled", "train"]
    images = ["x", "y", "x", "x", "y", "y", "x", None]
    texts = [None, None, None, "t", "", "t", "t", ""]
    image, text = find_leakage(parts, {"image": images, "text": texts})
    assert (image.kind, image.keys, image.rows) == ("image", 2, 5)
    assert image.overlaps == (PartOverlap("train", "val", 1, 1), PartOverlap("train", "test", 1, 2))
    assert image.examples == (
        SharedKey("x", (0, 2, 3), ("train", "test")),
        SharedKey("y", (1, 4), ("train", "val")),
    )
    assert "2 images in more than one part (5 rows)" in image.lines()[0]
    assert "  2 rows of test share one with train" in image.lines()
    assert text.lines() == ["no text stands in two parts"]


def test_leakage_gives_at_most_twenty_examples():
    keys = [str(number) for number in range(50)] * 2
    (leakage,) = find_leakage(["train"] * 50 + ["test"] * 50, {"text": keys})
    assert (leakage.keys, leakage.rows, len(leakage.examples)) == (50, 100, 20)


def test_leakage_of_no_rows_and_of_no_keys():
    assert find_leakage([], {"image": []})[0].keys == 0
    assert find_leakage(["train", "test"], {"image": [None, None]})[0].keys == 0


@settings(deadline=None)  # the first call imports
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("wxyz"), st.sampled_from(["p", "q", None])),
        min_size=1,
    )
)
def test_leakage_is_none_after_a_split_grouped_by_the_same_keys(rows):
    labels, images, texts = ([row[i] for row in rows] for i in range(3))
    groups = group_rows([images, texts])
    parts = split_products(labels, groups=groups, column=None, config=SplitConfig(), seed=0).parts
    assert [leakage.keys for leakage in find_leakage(parts, {"image": images, "text": texts})] == [0, 0]


def test_label_conflicts_name_the_labels_and_rows():
    labels = ["shirt", "dress", None, "shirt", "shirt"]
    images = ["x", "x", "x", "y", "y"]
    (conflict,) = find_label_conflicts(labels, {"image": images})
    assert (conflict.keys, conflict.rows) == (1, 2)
    assert conflict.pairs == (("dress", "shirt", 1),)
    assert conflict.examples == (SharedKey("x", (0, 1), ("dress", "shirt")),)
    assert conflict.lines() == ["1 image with different labels (2 rows)", "  1 x  dress  |  shirt"]


def test_label_conflicts_none():
    assert find_label_conflicts(["a", "a"], {"text": ["t", "t"]})[0].lines() == ["no text has two labels"]
