from __future__ import annotations

import numpy as np

from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.confusion import MATRIX_CONFUSED, confused_pairs, confusion_matrix


def head_of(pairs: list[tuple[int, int, float]], classes: int) -> HeadPredictions:
    """A head from (true, answered, confidence) triples."""
    probabilities = np.zeros((len(pairs), classes), np.float32)
    for position, (_, answer, confidence) in enumerate(pairs):
        probabilities[position] = (1 - confidence) / max(classes - 1, 1)
        probabilities[position, answer] = confidence
    labels = np.array([pair[0] for pair in pairs], np.int64)
    return HeadPredictions("any", np.arange(100, 100 + len(pairs)), labels, probabilities)


def test_confusion_pairs_join_both_directions_and_rank_by_mistakes():
    head = head_of([(0, 1, 0.6), (1, 0, 0.7), (0, 1, 0.9), (2, 1, 0.8), (2, 2, 0.9), (1, 1, 0.9)], classes=3)
    pairs = confused_pairs(head, limit=10)
    assert [(pair.first, pair.second, pair.count) for pair in pairs] == [(0, 1, 3), (2, 1, 1)]
    assert pairs[0].first_as_second == (2, 0), "most confident mistake first"
    assert pairs[0].second_as_first == (1,)
    assert (pairs[0].first_rows, pairs[0].second_rows) == (2, 2)


def test_confusion_pair_starts_with_the_class_mistaken_more_often():
    pair = confused_pairs(head_of([(2, 1, 0.8)], classes=3), limit=1)[0]
    assert (pair.first, pair.second) == (2, 1)
    assert pair.second_as_first == ()


def test_confusion_no_mistakes_no_pairs():
    assert confused_pairs(head_of([(0, 0, 0.9), (1, 1, 0.9)], classes=2), limit=5) == []


def test_confusion_limit_is_kept():
    assert len(confused_pairs(head_of([(0, 1, 0.9), (2, 3, 0.9)], classes=4), limit=1)) == 1


def test_confusion_matrix_counts_every_row_of_few_classes():
    matrix = confusion_matrix(head_of([(0, 1, 0.6), (0, 0, 0.7), (3, 3, 0.9)], classes=5))
    assert matrix.classes == (0, 1, 3)
    assert matrix.counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert matrix.complete


def test_confusion_matrix_of_many_classes_shows_the_most_confused():
    triples = [(index, index, 0.9) for index in range(100)] + [(7, 91, 0.9)] * 3
    matrix = confusion_matrix(head_of(triples, classes=100))
    assert len(matrix.classes) == MATRIX_CONFUSED
    assert {7, 91} <= set(matrix.classes)
    assert not matrix.complete
