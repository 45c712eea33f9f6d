from __future__ import annotations

import pytest

from smartprod.catalog.label_policy import apply_label_policy
from smartprod.config.schema import ClassPolicyConfig
from smartprod.errors import UsageError

ROWS = [
    ["Home > Mug", "Colour > Red"],
    ["Home > Mug", "Colour > Blue"],
    ["Home > Mug", "Home", "Colour > Red"],
    ["Toys > Car"],
    [],
    None,
]


def policy(rows=ROWS, **settings):
    return apply_label_policy(rows, policy=ClassPolicyConfig(**settings), separator=" > ", seed=0)


def test_label_policy_keeps_every_label_and_leaves_out_what_is_implied():
    assert policy().label_sets == [
        ("Colour > Red", "Home > Mug"),
        ("Colour > Blue", "Home > Mug"),
        ("Colour > Red", "Home > Mug"),
        ("Toys > Car",),
        (),
        (),
    ]


def test_label_policy_stratifies_by_the_rarest_label_of_a_row():
    assert policy().rarest.labels == [
        "Colour > Red", "Colour > Blue", "Colour > Red", "Toys > Car", None, None,
    ]  # fmt: skip


def test_label_policy_merges_and_drops_single_labels_not_rows():
    made = policy(merge={"Colour > Blue": "Colour > Red"}, drop=("Toys",))
    assert made.label_sets[1] == ("Colour > Red", "Home > Mug")
    assert made.label_sets[3] == ()
    assert made.rarest.reasons[3] == "its class is dropped by catalog.classes.drop"
    assert made.rarest.reasons[0] is None


def test_label_policy_makes_labels_of_one_row_equal_once():
    made = policy(level=1)
    assert made.label_sets[0] == ("Colour", "Home")
    assert made.label_sets[2] == ("Colour", "Home")


def test_label_policy_refuses_a_table_without_several_labels():
    with pytest.raises(UsageError, match="SP253"):
        policy([["A"], ["B > C"], []])
