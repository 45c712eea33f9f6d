from __future__ import annotations

import numpy as np
from sklearn.metrics import f1_score

from smartprod.evaluation.label_sets.metrics import LabelAnswers, count_labels, score_label_sets, tree_f1

LABELS = ("Home > Mug", "Colour > Red", "Colour > Blue")


def answers(targets, given, unknown=None) -> LabelAnswers:
    targets, given = np.asarray(targets, bool), np.asarray(given, bool)
    return LabelAnswers(LABELS, targets, given, unknown or [[] for _ in targets])


def test_label_metrics_are_scikit_learns():
    rng = np.random.default_rng(0)
    targets, given = rng.random((60, 3)) < 0.4, rng.random((60, 3)) < 0.5
    scores = score_label_sets(answers(targets, given))
    assert np.isclose(scores.macro_f1, f1_score(targets, given, average="macro"))
    assert np.isclose(scores.micro_f1, f1_score(targets, given, average="micro"))
    assert np.isclose(scores.sample_f1, f1_score(targets, given, average="samples", zero_division=1))
    assert scores.exact == (targets == given).all(axis=1).mean()


def test_label_metrics_count_labels_unknown_to_the_model_as_missed():
    plain = score_label_sets(answers([[1, 0, 0], [1, 1, 0]], [[1, 0, 0], [1, 1, 0]]))
    unknown = score_label_sets(
        answers([[1, 0, 0], [1, 1, 0]], [[1, 0, 0], [1, 1, 0]], [["Colour > Teal"], []])
    )
    assert (plain.macro_f1, plain.exact) == (1.0, 1.0)
    assert np.isclose(unknown.macro_f1, 2 / 3)
    assert unknown.exact == 0.5
    assert np.isclose(unknown.micro_f1, 6 / 7)
    assert np.isclose(unknown.sample_f1, (2 / 3 + 1) / 2)
    assert (unknown.unknown, unknown.unknown_rows) == (1, 1)


def test_label_metrics_of_no_rows_are_not_known():
    scores = score_label_sets(answers(np.zeros((0, 3)), np.zeros((0, 3))))
    assert np.isnan([scores.macro_f1, scores.micro_f1, scores.sample_f1, scores.exact]).all()


def test_label_metrics_tell_what_is_given_in_place_of_a_missed_label():
    counted = count_labels(
        answers([[1, 1, 0], [1, 1, 0], [1, 0, 0]], [[1, 0, 1], [1, 0, 1], [1, 0, 0]]),
        np.asarray([0.5, 0.4, 0.3]),
    )
    red = next(each for each in counted if each.label == "Colour > Red")
    assert (red.support, red.hits, red.excess, red.missed, red.spared) == (2, 0, 0, 2, 1)
    assert red.instead == (("Colour > Blue", 2),)
    assert red.threshold == 0.4
    assert np.isnan(red.precision)
    assert red.recall == red.f1 == 0
    assert counted[0] == red
    assert [each.label for each in counted][-1] == "Colour > Blue"  # no row has it: its F1 is not known


def test_tree_f1_counts_a_right_parent_where_the_leaf_is_wrong():
    parent_right = tree_f1(np.array([[1, 1, 0]], bool), np.array([[1, 0, 1]], bool))
    nothing_right = tree_f1(np.array([[1, 1, 0]], bool), np.array([[0, 0, 1]], bool))
    assert (parent_right, nothing_right) == (0.5, 0.0)
    assert np.isnan(tree_f1(np.zeros((0, 3), bool), np.zeros((0, 3), bool)))
