"""Which answers are worth explaining."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartprod.explanation.choice import telling_answers, telling_labels


def answers(*told: tuple[int, float]) -> np.ndarray:
    """Probabilities of four classes: the answered class and its confidence for each product."""
    probabilities = np.zeros((len(told), 4), np.float32)
    for row, (answer, confidence) in enumerate(told):
        probabilities[row] = (1 - confidence) / 3
        probabilities[row, answer] = confidence
    return probabilities


def test_choice_takes_the_surest_mistake_of_each_confused_pair_first():
    told = [(1, 0.6), (1, 0.9), (0, 0.7), (3, 0.95), (2, 0.99)]
    labels = np.array([0, 0, 1, 2, 2])  # three mistakes between 0 and 1, one between 2 and 3
    assert telling_answers(answers(*told), labels, count=9) == [1, 3, 2, 0, 4]
    assert telling_answers(answers(*told), labels, count=2) == [1, 3]


def test_choice_without_mistakes_takes_the_right_answers_that_were_least_sure():
    told = [(0, 0.9), (1, 0.4), (2, 0.7)]
    assert telling_answers(answers(*told), np.array([0, 1, 2]), count=2) == [1, 2]


def test_choice_leaves_out_what_nobody_can_be_right_about():
    probabilities = answers((0, 0.9), (1, 0.8), (2, 0.7))
    probabilities[1] = np.nan
    assert telling_answers(probabilities, np.array([-1, 1, 2]), count=5) == [2]
    assert telling_answers(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), count=5) == []


@given(st.integers(0, 30), st.integers(0, 12), st.integers(0, 99))
def test_choice_is_of_different_products_mistakes_before_right_answers(rows, count, seed):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(5), rows).astype(np.float32).reshape(rows, 5)
    labels = random.integers(-1, 5, rows)
    chosen = telling_answers(probabilities, labels, count=count)
    assert len(chosen) == len(set(chosen)) == min(count, int((labels >= 0).sum()))
    right = [bool(probabilities[each].argmax() == labels[each]) for each in chosen]
    assert right == sorted(right)


def test_choice_of_labels_takes_the_surest_mistake_on_each_label_first():
    margins = np.array(
        [[2, -2, 0.4], [0.8, -1.5, -2], [-1, -3, 2], [1.4, -2, -0.8], [np.nan] * 3], np.float32
    )
    given = margins >= 0
    targets = given.copy()
    targets[0, 0] = False  # given by 2
    targets[1, 0] = False  # given by 0.8
    targets[1, 1] = True  # missed by 1.5: surer
    targets[2, 1] = True  # missed by 3: surer still
    targets[4, 2] = True  # nobody answered
    assert telling_labels(margins, given, targets, count=9) == [(2, 1), (0, 0), (1, 1), (3, 0)]
    assert telling_labels(margins, given, targets, count=2) == [(2, 1), (0, 0)]
    assert telling_labels(margins[4:], given[4:], targets[4:], count=2) == []


@given(st.integers(0, 20), st.integers(0, 12), st.integers(0, 99))
def test_choice_of_labels_is_of_different_products_mistakes_before_right_labels(rows, count, seed):
    random = np.random.default_rng(seed)
    margins = random.normal(size=(rows, 4)).astype(np.float32)
    given, targets = margins >= 0, random.uniform(size=(rows, 4)) >= 0.4
    chosen = telling_labels(margins, given, targets, count=count)
    told = (given | targets).any(axis=1)
    assert len(chosen) == len({row for row, _ in chosen}) == min(count, int(told.sum()))
    right = [bool(given[each] == targets[each]) for each in chosen]
    assert right == sorted(right)
    assert all(given[each] or targets[each] for each in chosen)
