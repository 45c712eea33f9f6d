from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.demo.categories import CATEGORIES, UNSEEN, labelled_sizes
from smartprod.demo.plan import ProductPlan, plan_catalogue
from smartprod.demo.tables import product_row


@pytest.fixture(scope="module")
def plans() -> list[ProductPlan]:
    return plan_catalogue(1200, 0)


def test_plan_has_the_promised_rows_and_classes(plans: list[ProductPlan]):
    labelled = [p for p in plans if p.labelled]
    assert (len(labelled), len(plans)) == (1000, 1200)
    assert 24 <= len({p.label for p in labelled}) <= 28
    assert all(p.label.count(" > ") == 2 for p in labelled)
    assert 4 <= len({p.label.split(" > ")[0] for p in labelled}) <= 6
    assert len({p.id for p in plans}) == 1200


@pytest.mark.parametrize("products", [60, 300, 1200])
def test_plan_has_a_long_tail_at_any_size(products: int):
    sizes = Counter(p.category.path for p in plan_catalogue(products, 0) if p.labelled)
    assert sum(size <= 3 for size in sizes.values()) >= 4
    assert min(sizes.values()) == 1


def test_plan_largest_class_has_an_eighth_of_the_rows(plans: list[ProductPlan]):
    sizes = Counter(p.label for p in plans if p.labelled)
    assert 0.12 <= sizes.most_common(1)[0][1] / sizes.total() <= 0.15


@given(st.integers(44, 20_000))
def test_plan_sizes_add_up_and_leave_no_class_empty(products: int):
    sizes = labelled_sizes(products)
    assert sum(sizes.values()) == products
    assert set(sizes) == {c.path for c in CATEGORIES}
    assert min(sizes.values()) >= 1


def test_plan_unseen_class_is_in_the_new_part_only(plans: list[ProductPlan]):
    unseen = [p for p in plans if p.category is UNSEEN]
    assert len(unseen) >= 5
    assert not any(p.labelled for p in unseen)
    assert UNSEEN.path not in {p.label for p in plans}


@pytest.mark.parametrize("products", [60, 1200])
def test_plan_gives_about_two_percent_wrong_labels(products: int):
    labelled = [p for p in plan_catalogue(products, 0) if p.labelled]
    wrong = [p for p in labelled if p.label != p.category.path]
    assert len(wrong) == max(1, round(0.02 * len(labelled)))
    assert not any(p.category.fixed for p in wrong)


def test_plan_duplicates_repeat_category_design_and_pictures(plans: list[ProductPlan]):
    by_id = {p.id: p for p in plans}
    copies = [p for p in plans if p.duplicate_of]
    assert len(copies) >= 20
    for copy in copies:
        original = by_id[copy.duplicate_of]
        assert copy.picture_seed == original.picture_seed
        assert copy.category is original.category
        assert copy.group_id in ("", original.group_id)
    assert 0 < sum(not p.group_id for p in copies) < len(copies) / 2
    assert any(p.text_seed == by_id[p.duplicate_of].text_seed for p in copies)


def test_plan_mixes_domains_and_other_images(plans: list[ProductPlan]):
    assert 0.6 < sum(p.domain == "studio" for p in plans) / len(plans) < 0.7
    assert 0.4 < sum(len(p.images) > 1 for p in plans) / len(plans) < 0.5
    kinds = Counter(i.kind for p in plans for i in p.images[1:])
    assert set(kinds) == {"product", "chart", "texture"}


def test_plan_rows_of_a_series_say_nothing_of_their_category(plans: list[ProductPlan]):
    leaves = [c.leaf.lower() for c in CATEGORIES]
    rows = [product_row(p) for p in plans if p.series and not p.broken]
    assert len(rows) > 100
    for row in rows:
        words = f"{row['title']} {row['attributes']}".lower().split()
        assert not set(words) & set(leaves)
