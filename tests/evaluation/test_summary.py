from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartprod.errors import SmartprodError
from smartprod.evaluation import ChosenHead, HeadPredictions
from smartprod.evaluation.summary import evaluate, remarks, short_names


def test_summary_short_names_add_the_parent_only_where_needed():
    classes = ("A > Shoes > Sandals", "B > Sandals", "B > Boots", "Hats")
    assert short_names(classes, separator=" > ") == ("Shoes > Sandals", "B > Sandals", "Boots", "Hats")


def test_summary_rows_of_unlearned_categories_leave_the_scores_but_are_told(report_data):
    head = report_data.test[-1]
    labels = head.labels.copy()
    labels[:4] = -1
    changed = HeadPredictions("fused", head.rows, labels, head.probabilities)
    evaluation = evaluate(data := replace(report_data, test=(*report_data.test[:-1], changed)))
    assert evaluation.scores.rows == 56
    assert evaluation.unknown_rows == 4
    assert any(
        "4 test rows of categories that were not learned" in note for note in remarks(data, evaluation)
    )


def test_summary_without_test_part_uses_validation_and_says_so(report_data):
    data = replace(report_data, test=(), decisions=None)
    evaluation = evaluate(data)
    assert (evaluation.part, evaluation.scores.rows) == ("validation", 90)
    assert "no test part" in remarks(data, evaluation)[0]


def test_summary_chosen_head_without_rows_gives_way_to_the_one_with_most(report_data):
    data = replace(report_data, chosen=ChosenHead("gated"))
    evaluation = evaluate(data)
    assert evaluation.head.name in {"image", "text", "fused"}
    assert any("'gated' has no rows" in note for note in remarks(data, evaluation))


def test_summary_says_when_another_head_is_better_on_test(report_data):
    data = replace(report_data, chosen=ChosenHead("image"))
    assert any("the fused head has a higher macro-F1" in note for note in remarks(data, evaluate(data)))


def test_summary_without_any_head_is_an_error_with_a_code(report_data):
    with pytest.raises(SmartprodError, match="SP656"):
        evaluate(replace(report_data, test=(), validation=(), decisions=None))


def test_summary_arrays_that_do_not_fit_are_refused(report_data):
    with pytest.raises(SmartprodError, match="SP651"):
        HeadPredictions("image", np.arange(3), np.zeros(2, np.int64), np.zeros((3, 2), np.float32))
    with pytest.raises(SmartprodError, match="SP654"):
        replace(report_data, train_counts=np.ones(3, np.int64))
    with pytest.raises(SmartprodError, match="SP655"):
        replace(report_data, classes=("a",), train_counts=np.ones(1, np.int64))


def test_summary_missed_target_is_told_only_when_chance_does_not_explain_it(report_data):
    decisions = report_data.decisions
    wrong = replace(decisions, predicted=("Shoes > Boots",) * 60, decision=("accepted",) * 60)
    data = replace(report_data, decisions=wrong)
    assert any("less than the target of 95 %" in note for note in remarks(data, evaluate(data)))
    right = replace(decisions, predicted=decisions.truth, decision=("accepted",) * 60)
    data = replace(report_data, decisions=right)
    assert not any("target" in note for note in remarks(data, evaluate(data)))


def test_summary_nothing_accepted_is_told(report_data):
    data = replace(report_data, decisions=replace(report_data.decisions, decision=("review",) * 60))
    assert any("No answer is accepted" in note for note in remarks(data, evaluate(data)))
