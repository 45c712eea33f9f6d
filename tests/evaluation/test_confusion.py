from __future__ import annotations

import numpy as np

from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.confusion import ConfusionMatrix, confused_pairs, confusion_matrix


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


def whole(matrix: ConfusionMatrix) -> np.ndarray:
    """The matrix by class index, zeros included."""
    size = max(matrix.classes) + 1
    counts = np.zeros((size, size), np.int64)
    shown = np.array(matrix.classes)
    counts[shown[matrix.true], shown[matrix.answered]] = matrix.counts
    return counts


def test_confusion_matrix_counts_every_row_of_the_classes_that_occur():
    matrix = confusion_matrix(
        head_of([(0, 1, 0.6), (0, 0, 0.7), (3, 3, 0.9), (3, 3, 0.8)], classes=5),
        tuple("ABCDE"),
        separator=" > ",
    )
    assert sorted(matrix.classes) == [0, 1, 3]
    assert whole(matrix).tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]]
    assert dict(zip(matrix.classes, matrix.rows.tolist(), strict=True)) == {
        0: 2,
        1: 0,
        3: 2,
    }


def test_confusion_matrix_puts_confused_classes_side_by_side():
    triples = [(index, index, 0.9) for index in range(100)] * 2 + [(7, 91, 0.9)] * 3 + [(40, 12, 0.9)]
    matrix = confusion_matrix(
        head_of(triples, classes=100), tuple(f"class {index}" for index in range(100)), separator=" > "
    )
    assert len(matrix.classes) == 100
    for one, other in ((7, 91), (40, 12)):
        assert abs(matrix.classes.index(one) - matrix.classes.index(other)) == 1


def test_confusion_matrix_without_mistakes_follows_the_category_tree():
    names = tuple(f"{'AB'[index % 2]} > {index}" for index in range(8))
    matrix = confusion_matrix(
        head_of([(index, index, 0.9) for index in range(8)], classes=8), names, separator=" > "
    )
    tops = [names[index][0] for index in matrix.classes]
    assert "".join(tops) in ("AAAABBBB", "BBBBAAAA")
