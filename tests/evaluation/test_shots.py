from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartprod.config import load_config
from smartprod.config.schema import ShotsConfig
from smartprod.errors import UsageError
from smartprod.evaluation import build_report, metrics_document, score_lines
from smartprod.evaluation.per_class import class_scores
from smartprod.evaluation.shots import shot_group_scores

TRAIN_COUNTS = np.array([101, 100, 20, 19, 0])


@pytest.fixture
def uneven(report_data):
    return replace(report_data, train_counts=TRAIN_COUNTS)


def test_shots_group_by_training_rows_and_keep_every_row(make_head):
    labels = np.random.default_rng(8).integers(0, 4, 80)
    head = make_head("any", labels, classes=4, strength=2, seed=9)
    groups = shot_group_scores(class_scores(head, np.array([101, 100, 20, 0])), ShotsConfig())
    assert [(group.name, group.classes) for group in groups] == [("many", 1), ("medium", 2), ("few", 1)]
    assert sum(group.rows for group in groups) == 80
    accuracy = sum(group.accuracy * group.rows for group in groups) / 80
    assert accuracy == pytest.approx(float((head.predicted == labels).mean()))


def test_shots_limits_are_the_users(make_head):
    labels = np.arange(4).repeat(5)
    scores = class_scores(make_head("any", labels, classes=4, strength=2, seed=1), np.array([9, 5, 4, 1]))
    groups = shot_group_scores(scores, ShotsConfig(few=5, many=5))
    assert [(group.name, group.classes) for group in groups] == [("many", 1), ("medium", 1), ("few", 2)]
    assert groups[2].meaning == "fewer than 5 training rows"


def test_shots_limits_out_of_order_are_refused():
    with pytest.raises(UsageError, match=r"report\.shots.*few must not be above many"):
        load_config(None, ["report.shots.few=50", "report.shots.many=10"])


def test_shots_are_printed_written_and_shown(uneven):
    groups = metrics_document(uneven)["class_sizes"]
    assert [group["name"] for group in groups] == ["many", "medium", "few"]
    printed = "\n".join(score_lines(uneven))
    page = build_report(uneven)
    for group in groups:
        assert f"accuracy {group['accuracy']:.3f}, macro-F1 {group['macro_f1']:.3f}" in printed
        assert f"{100 * group['accuracy']:.1f}" in page
        assert group["meaning"].replace(" training rows", "") in page


def test_shots_limits_reach_the_document(uneven):
    groups = metrics_document(replace(uneven, shots=ShotsConfig(few=1, many=1000)))["class_sizes"]
    assert [(group["name"], group["classes"]) for group in groups] == [("medium", 4), ("few", 1)]
