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


def test_shots_head_and_tail_have_top_1_and_top_5_of_their_classes(make_head):
    labels = np.random.default_rng(2).integers(0, 12, 400)
    counts = np.arange(12)[::-1] * 10
    head = make_head("any", labels, classes=12, strength=1.5, seed=3)
    scores = class_scores(head, counts)
    groups = shot_group_scores(scores, ShotsConfig(head_classes=4))
    assert [(group.name, group.classes, group.meaning) for group in groups] == [
        ("head", 4, "the 4 largest"), ("tail", 8, "the others"),
    ]  # fmt: skip
    first_five = np.argsort(-head.probabilities, axis=1)[:, :5]
    for group, classes in zip(groups, (range(4), range(4, 12)), strict=True):
        top1 = [(head.predicted[labels == each] == each).mean() for each in classes]
        top5 = [(first_five[labels == each] == each).any(axis=1).mean() for each in classes]
        assert (group.top1, group.top5) == (pytest.approx(np.mean(top1)), pytest.approx(np.mean(top5)))
        assert group.top1 < group.top5


def test_shots_name_the_size_of_every_class_in_the_document_and_the_report(uneven):
    data = replace(uneven, shots=ShotsConfig(head_classes=2))
    sizes = {entry["category"]: entry["size"] for entry in metrics_document(data)["classes"]}
    assert [sizes[name] for name in data.classes] == ["head", "head", "tail", "tail", "tail"]
    assert "Top-5, mean of categories" in build_report(data)
