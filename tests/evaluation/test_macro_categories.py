from __future__ import annotations

import numpy as np
import pytest

from smartprod.embeddings import ModalityEmbeddings
from smartprod.evaluation.macro_categories import find_macro_categories, group_name, sample_rows
from smartprod.evaluation.plots.dendrogram import dendrogram_chart
from smartprod.fusion import ProductEmbeddings

CLASSES = ("Home > Mugs", "Home > Pots", "Toys > Bears", "Toys > Dolls", "Toys > Cars", "Empty")


def alike(*, text: bool = True) -> tuple[ProductEmbeddings, np.ndarray]:
    """Twenty rows of each of the first five classes: the Home ones lie together, and the Toys."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 20)
    centres = np.where(np.arange(5)[:, None] < 2, [5.0, 0, 0, 0, 0, 0], [0, 5.0, 0, 0, 0, 0]) + rng.normal(
        size=(5, 6)
    )
    values = (centres[labels] + rng.normal(0, 0.3, (100, 6))).astype(np.float32)
    image = ModalityEmbeddings(values, np.ones(100, bool))
    present = np.full(100, text) & (labels != 3)  # one class has no text at all
    return ProductEmbeddings(image, ModalityEmbeddings(values * present[:, None], present)), labels


def find(products, labels, number=None):
    return find_macro_categories(products, labels, CLASSES, number=number, separator=" > ")


@pytest.mark.parametrize("text", [True, False])
def test_macro_categories_hold_the_classes_that_are_alike(text):
    found = find(*alike(text=text))
    assert {frozenset(group.classes) for group in found.groups} == {frozenset({0, 1}), frozenset({2, 3, 4})}
    assert {group.name for group in found.groups} == {"Home", "Toys"}
    assert sorted(group.rows for group in found.groups) == [40, 60]
    assert (found.embedding, found.given) == ("image + text" if text else "image", False)
    assert found.members.tolist() == [0, 1, 2, 3, 4]
    assert dendrogram_chart(found, CLASSES).spec.count("Mugs") == 1


def test_macro_categories_may_be_of_a_given_number():
    found = find(*alike(), number=4)
    assert (len(found.groups), found.given) == (4, True)
    assert sorted(index for group in found.groups for index in group.classes) == [0, 1, 2, 3, 4]
    assert len(find(*alike(), number=50).groups) == 5


def test_macro_categories_need_three_classes():
    products, labels = alike()
    two = np.flatnonzero(labels < 2)
    assert find(products.take(two), labels[two]) is None


def test_macro_categories_are_named_after_what_they_share():
    counts = np.asarray([1, 5, 3])
    assert group_name(["A > B > C", "A > B > D", "A > B"], counts, separator=" > ") == "A > B"
    assert group_name(["A > x", "B > y", "C > z"], counts, separator=" > ") == "y, z, …"
    assert group_name(["A > x", "B > x"], counts[:2], separator=" > ") == "x"


def test_macro_categories_look_at_a_limited_sample_of_each_class():
    labels = np.asarray([0] * 500 + [1] * 7 + [-1] * 50)
    rows = sample_rows(labels, seed=0)
    assert np.bincount(labels[rows]).tolist() == [200, 7]
    np.testing.assert_array_equal(rows, sample_rows(labels, seed=0))
    assert len(sample_rows(labels[:0], seed=0)) == 0
