from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from smartprod.decision.costs import (
    ClassCosts,
    choose_classes,
    costs_from_document,
    mean_cost,
    read_costs,
)
from smartprod.errors import UsageError

CLASSES = ("Home > Mugs", "Home > Pots", "Toys")


def table(folder, *lines, header="true,predicted,cost"):
    path = folder / "costs.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(path)


def test_costs_of_a_table_are_those_listed_and_else_one(tmp_path):
    costs = read_costs(table(tmp_path, "Toys,Home > Mugs,5", " Home > Pots , Home > Mugs , 0.2"), CLASSES)
    np.testing.assert_allclose(
        costs.matrix(CLASSES, separator=" > "), [[0, 1, 1], [0.2, 0, 1], [5, 1, 0]], rtol=1e-6
    )


def test_costs_of_the_tree_count_its_edges():
    matrix = read_costs("tree", CLASSES).matrix(CLASSES, separator=" > ")
    np.testing.assert_array_equal(matrix, [[0, 2, 3], [2, 0, 3], [3, 3, 0]])


def test_costs_of_a_class_that_is_an_ancestor_of_another_count_the_edges_between_them():
    matrix = ClassCosts("tree").matrix(("A", "A > B", "A > B > C"), separator=" > ")
    np.testing.assert_array_equal(matrix, [[0, 1, 2], [1, 0, 1], [2, 1, 0]])


def test_costs_choose_the_answer_of_least_expected_cost():
    probabilities = np.asarray([[0.5, 0.1, 0.4], [0.8, 0.1, 0.1], [np.nan] * 3], np.float32)
    costs = np.asarray([[0, 1, 1], [1, 0, 1], [5, 1, 0]], np.float32)
    # Of the first row: 0.1 + 5 * 0.4 = 2.1, 0.5 + 0.4 = 0.9, 0.5 + 0.1 = 0.6.
    assert choose_classes(probabilities, costs)[:2].tolist() == [2, 0]
    assert choose_classes(probabilities, None)[:2].tolist() == [0, 0]


def test_costs_that_are_all_alike_change_no_answer():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(6), 200).astype(np.float32)
    alike = ClassCosts("listed").matrix(tuple("abcdef"), separator=" > ")
    np.testing.assert_array_equal(choose_classes(probabilities, alike), choose_classes(probabilities, None))


def test_costs_of_the_chosen_answers_are_no_higher_on_calibrated_rows():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(5, 0.5), 4_000)
    labels = np.asarray([rng.choice(5, p=row) for row in probabilities])
    costs = rng.exponential(2, (5, 5)).astype(np.float32) * (1 - np.eye(5, dtype=np.float32))
    chosen = mean_cost(labels, choose_classes(probabilities, costs), costs)
    assert chosen < mean_cost(labels, choose_classes(probabilities, None), costs)


def test_costs_round_trip_through_json():
    for costs in (ClassCosts("tree"), ClassCosts("listed", (("Toys", "Home > Mugs", 0.1),))):
        assert costs_from_document(json.loads(json.dumps(dataclasses.asdict(costs)))) == costs


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("Toys,Home > Mug,5", "SP671", "`Home > Mugs`"),
        ("Toyz,Home > Mugs,5", "SP671", "`Toys`"),
        ("Toys,Home > Mugs,-1", "SP672", "-1"),
        ("Toys,Home > Mugs,cheap", "SP672", "cheap"),
        ("Toys,Home > Mugs,inf", "SP672", "inf"),
        ("Toys,Toys,1", "SP672", "right answer costs 0"),
    ],
)
def test_costs_that_make_no_sense_are_refused_with_the_line(tmp_path, line, code, says):
    with pytest.raises(UsageError, match=code) as caught:
        read_costs(table(tmp_path, "Home > Mugs,Home > Pots,2", line), CLASSES)
    assert says in str(caught.value)
    assert "line 3" in str(caught.value)


def test_costs_may_be_read_before_the_classes_are_known(tmp_path):
    path = table(tmp_path, "Toyz,Home > Mugs,5")
    assert read_costs(path, None).listed == (("Toyz", "Home > Mugs", 5.0),)
    with pytest.raises(UsageError, match="SP672"):
        read_costs(table(tmp_path, "Toyz,Home > Mugs,-5"), None)


@pytest.mark.parametrize("content", [b"", b"true,cost\na,1\n", b"true,predicted,cost\n\xff\xfe,b,1\n"])
def test_costs_in_a_file_that_is_no_such_table_are_refused(tmp_path, content):
    (tmp_path / "costs.csv").write_bytes(content)
    with pytest.raises(UsageError, match="SP670"):
        read_costs(str(tmp_path / "costs.csv"), CLASSES)
    with pytest.raises(UsageError, match="SP670"):
        read_costs(str(tmp_path / "missing.csv"), CLASSES)
