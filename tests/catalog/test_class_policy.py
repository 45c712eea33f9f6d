from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import apply_class_policy
from smartprod.catalog.class_policy import BEYOND_CAP, DROPPED, RARE
from smartprod.config import load_config
from smartprod.config.schema import ClassPolicyConfig
from smartprod.errors import UsageError

SHOES = [
    "Shoes > Sandals > Flip",
    "Shoes > Sandals > Gladiator",
    "Shoes > Boots",
    "Bags > Totes",
    "Bags > Flip",
    None,
]


def policy(categories, *, seed=0, separator=" > ", **fields):
    return apply_class_policy(categories, policy=ClassPolicyConfig(**fields), separator=separator, seed=seed)


def test_class_policy_without_settings_changes_nothing():
    result = policy(SHOES)
    assert result.labels == SHOES
    assert result.reasons == [None] * 6
    assert result.account.lines() == ["5 labelled rows in 5 classes"]


def test_class_policy_level_cuts_paths():
    assert policy(SHOES, level=1).labels == ["Shoes", "Shoes", "Shoes", "Bags", "Bags", None]
    assert policy(SHOES, level=2).labels[:3] == ["Shoes > Sandals", "Shoes > Sandals", "Shoes > Boots"]


@pytest.mark.parametrize(
    ("merge", "labels"),
    [
        ({"Shoes > Boots": "Other"}, [*SHOES[:2], "Other", *SHOES[3:]]),
        ({"Boots": "Other  > Deep "}, [*SHOES[:2], "Other > Deep", *SHOES[3:]]),
        ({"Shoes": "Footwear"}, ["Footwear"] * 3 + SHOES[3:]),
        ({"Sandals": "Footwear"}, ["Footwear"] * 2 + SHOES[2:]),
        ({"Shoes": "Footwear", "Shoes > Sandals": "Beach"}, ["Beach", "Beach", "Footwear", *SHOES[3:]]),
        ({"Boots": "Bags > Totes", "Totes": "Boxes"}, [*SHOES[:2], "Bags > Totes", "Boxes", *SHOES[4:]]),
    ],
)
def test_class_policy_merges_paths_subtrees_and_last_parts(merge, labels):
    assert policy(SHOES, merge=merge).labels == labels


def test_class_policy_drop_gives_the_reason():
    result = policy(SHOES, drop=("Sandals", "Bags > Flip"))
    assert result.labels == [None, None, "Shoes > Boots", "Bags > Totes", None, None]
    assert result.reasons == [DROPPED, DROPPED, None, None, DROPPED, None]


def test_class_policy_drops_after_merging():
    assert policy(SHOES, merge={"Shoes": "Old"}, drop=("Old",)).labels == [None] * 3 + SHOES[3:]


def test_class_policy_rare_classes_are_dropped_with_the_reason():
    result = policy(["a", "b", "b"], min_rows=2, rare="drop")
    assert result.labels == [None, "b", "b"]
    assert result.reasons == [RARE, None, None]


def test_class_policy_rare_classes_climb_until_they_are_big_enough():
    paths = ["A > B > x", "A > B > y", "A > C > z", "A > D > w", "A > D > w", "E > v"]
    merged = policy(paths, min_rows=2, rare="merge_to_parent")
    assert merged.labels == ["A > B", "A > B", "A", "A > D > w", "A > D > w", "E"]
    assert any("E has only 1 and no parent" in line for line in merged.account.lines())
    assert policy(paths, min_rows=3, rare="merge_to_parent").labels == ["A"] * 5 + ["E"]


def test_class_policy_cap_is_seeded_and_has_no_favourite_position():
    categories = ["a"] * 1000 + ["b"] * 10
    result = policy(categories, max_rows=100)
    kept = [row for row, label in enumerate(result.labels) if label == "a"]
    assert len(kept) == 100
    assert 350 < sum(kept) / 100 < 650
    assert Counter(result.reasons) == {None: 110, BEYOND_CAP: 900}
    assert policy(categories, max_rows=100) == result
    assert policy(categories, max_rows=100, seed=1).labels != result.labels
    assert policy(["c"] * 0 + categories, max_rows=100).labels == result.labels


def test_class_policy_unknown_key_names_the_nearest_classes():
    with pytest.raises(UsageError) as caught:
        policy(SHOES, drop=("Shoes > Boot",))
    assert caught.value.code == "SP230"
    assert "catalog.classes.drop: Shoes > Boot" in caught.value.where
    assert "`Shoes > Boots`" in caught.value.fix


def test_class_policy_ambiguous_last_part_lists_the_paths():
    with pytest.raises(UsageError) as caught:
        policy(SHOES, merge={"Flip": "x"})
    assert caught.value.code == "SP231"
    assert "`Bags > Flip`, `Shoes > Sandals > Flip`" in caught.value.fix


def test_class_policy_account_tells_each_step():
    lines = policy(SHOES, level=2, merge={"Boots": "Other"}, drop=("Totes",), max_rows=1).account.lines()
    assert lines == [
        "5 labelled rows in 5 classes",
        "  level    -> 5 rows in 4 classes",
        "             Shoes > Sandals > Flip (1) -> Shoes > Sandals",
        "             Shoes > Sandals > Gladiator (1) -> Shoes > Sandals",
        "  merge    -> 5 rows in 4 classes",
        "             Shoes > Boots (1) -> Other",
        "  drop     -> 4 rows in 3 classes",
        "             Bags > Totes (1) dropped",
        "  max_rows -> 3 rows in 3 classes",
        "             Shoes > Sandals: 2 -> 1",
    ]


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@settings(deadline=None)  # the first call imports
@given(
    st.lists(st.one_of(st.none(), paths), max_size=40),
    st.sampled_from(["keep", "merge_to_parent", "drop"]),
    st.integers(1, 6),
    st.one_of(st.none(), st.integers(1, 5)),
    st.one_of(st.none(), st.integers(1, 3)),
)
def test_class_policy_every_row_has_a_class_or_a_reason(categories, rare, min_rows, max_rows, level):
    result = policy(categories, separator="/", rare=rare, min_rows=min_rows, max_rows=max_rows, level=level)
    assert len(result.labels) == len(result.reasons) == len(categories)
    for category, label, reason in zip(categories, result.labels, result.reasons, strict=True):
        assert (label is None) == (category is None or reason is not None)
        if label is not None:
            assert (category + "/").startswith(label + "/")
    sizes = Counter(label for label in result.labels if label is not None)
    assert max_rows is None or all(size <= max_rows for size in sizes.values())
    if rare != "keep" and max_rows is None:
        rootless = {name for name in sizes if "/" in name or rare == "drop"}
        assert all(sizes[name] >= min_rows for name in rootless)


ABO = {
    "CELLULAR_PHONE_CASE": 1_200, "SHOES": 420, "CHAIR": 400, "SOFA": 150, "RUG": 149, "VITAMIN": 12,
    "RING": 120, "FINERING": 90, "NECKLACE": 100, "FINENECKLACEBRACELETANKLET": 60, "EARRING": 80, "FINEEARRING": 70,
    "HOME": 700, "GROCERY": 900, "KITCHEN": 160, "HARDWARE": 151,
}  # fmt: skip


def test_class_policy_of_abo_merges_then_drops_then_keeps_from_150_and_caps_at_400():
    wanted = load_config("abo").config.catalog.classes
    assert (wanted.min_rows, wanted.rare, wanted.max_rows) == (150, "drop", 400)
    categories = [name for name, size in ABO.items() for _ in range(size)]
    result = apply_class_policy(categories, policy=wanted, separator=" > ", seed=0)
    assert Counter(label for label in result.labels if label) == {
        "CELLULAR_PHONE_CASE": 400, "SHOES": 400, "CHAIR": 400, "SOFA": 150, "RING": 210, "NECKLACE": 160, "EARRING": 150,
    }  # fmt: skip
    reason_of = dict(zip(categories, result.reasons, strict=True))
    assert (
        reason_of["HOME"] == reason_of["GROCERY"] == reason_of["KITCHEN"] == reason_of["HARDWARE"] == DROPPED
    )
    assert reason_of["RUG"] == reason_of["VITAMIN"] == RARE, "149 are too few"
    assert Counter(result.reasons)[BEYOND_CAP] == 800 + 20
    told = "\n".join(result.account.lines())
    for words in (
        "FINERING (90) -> RING",
        "GROCERY (900) dropped",
        "RUG (149) dropped",
        "CELLULAR_PHONE_CASE: 1,200 -> 400",
    ):
        assert words in told
