from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from smartprod.evaluation.per_class import class_scores, level_scores


def test_per_class_agrees_with_scikit_learn(make_head):
    labels = np.random.default_rng(3).integers(0, 6, 200)
    head = make_head("any", labels, classes=6, strength=1.5, seed=4)
    precision, recall, f1, rows = precision_recall_fscore_support(labels, head.predicted, labels=range(6))
    for score in class_scores(head, np.ones(6, np.int64)):
        expected = (precision[score.index], recall[score.index], f1[score.index])
        assert (score.precision, score.recall, score.f1) == pytest.approx(expected)
        assert score.rows == rows[score.index]


def test_per_class_worst_first_and_classes_without_rows_last(make_head):
    labels = np.random.default_rng(5).integers(0, 4, 100)  # class 4 never occurs
    scores = class_scores(make_head("any", labels, classes=5, strength=2, seed=6), np.arange(5))
    assert [score.f1 for score in scores[:-1]] == sorted(score.f1 for score in scores[:-1])
    assert scores[-1].index == 4
    assert isnan(scores[-1].recall)
    assert [score.train_rows for score in scores] == [score.index for score in scores]


def test_per_class_names_what_a_class_is_taken_for(make_head):
    head = make_head("any", np.array([0, 0, 0]), classes=3, strength=-20, seed=7)
    score = next(score for score in class_scores(head, np.ones(3, np.int64)) if score.index == 0)
    assert score.mistaken_for in {1, 2}
    assert score.mistaken_rows == np.bincount(head.predicted).max()


def test_per_class_levels_get_easier_towards_the_top(report_data):
    head = report_data.test[0]
    levels = level_scores(head, report_data.classes, separator=" > ")
    assert [(level.level, level.classes) for level in levels] == [(1, 2), (2, 4), (3, 5)]
    assert levels[0].accuracy >= levels[1].accuracy >= levels[2].accuracy
    assert levels[-1].accuracy == pytest.approx(float((head.predicted == head.labels).mean()))


def test_per_class_flat_categories_have_no_levels(report_data):
    assert level_scores(report_data.test[0], ("a", "b", "c", "d", "e"), separator=" > ") == []
