from __future__ import annotations

import numpy as np

from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.label_issues import find_label_issues


def test_label_issues_find_planted_wrong_labels_first(make_head):
    random = np.random.default_rng(0)
    truth = random.integers(0, 5, 400)
    head = make_head("any", truth, classes=5, strength=5, seed=1)
    labels = truth.copy()
    planted = random.choice(400, 20, replace=False)
    labels[planted] = (labels[planted] + 1) % 5
    issues = find_label_issues(HeadPredictions("any", head.rows, labels, head.probabilities))
    found = {issue.row for issue in issues}
    assert len(found & set(planted.tolist())) >= 18
    assert len(set(planted.tolist()) & {issue.row for issue in issues[:15]}) >= 14
    margins = [issue.predicted_probability - issue.label_probability for issue in issues]
    assert margins == sorted(margins, reverse=True)


def test_label_issues_confident_and_right_has_none():
    probabilities = np.tile(np.array([[0.9, 0.1], [0.1, 0.9]], np.float32), (10, 1))
    assert find_label_issues(HeadPredictions("any", np.arange(20), np.tile([0, 1], 10), probabilities)) == []


def test_label_issues_class_without_rows_is_never_the_answer():
    probabilities = np.array([[0.3, 0.7], [0.8, 0.2]], np.float32)  # class 1 has no rows, so no threshold
    assert find_label_issues(HeadPredictions("any", np.arange(2), np.zeros(2, np.int64), probabilities)) == []


def test_label_issues_of_no_rows_are_none():
    empty = HeadPredictions("any", np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3), np.float32))
    assert find_label_issues(empty) == []
