from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.document import metrics_document


def test_document_is_strict_json_with_the_promised_keys(report_data):
    document = metrics_document(report_data)
    again = json.loads(json.dumps(document, allow_nan=False))
    promised = {
        "schema_version", "run", "created", "versions", "notes", "chosen", "part", "test", "validation", "coverage",
        "decisions", "modes", "prediction_sets", "thresholds", "target_accuracy", "levels", "hierarchy", "costs", "macro_categories", "class_sizes", "classes", "confused_pairs",
        "findings", "leaderboard", "trainings", "other_images", "sweep",
    }  # fmt: skip
    assert set(again) == promised
    assert set(again["test"]) == {"image", "text", "fused"}
    assert set(again["test"]["fused"]) == {
        "rows", "accuracy", "accuracy_low", "accuracy_high", "top5", "macro_f1", "weighted_f1", "log_loss", "ece",
        "mean_confidence",
    }  # fmt: skip
    assert set(again["hierarchy"]) == {"heads", "nodes", "answers"}
    assert set(again["hierarchy"]["answers"]["score"]) == {"precision", "recall", "f1"}
    assert again["hierarchy"]["nodes"][0]["path"] == "Clothes"
    assert again["leaderboard"][1]["macro_f1"] is None
    assert set(again["coverage"]["fused"]["coverage_at"]) == {"0.90", "0.95", "0.98", "0.99"}


def test_document_figures_agree_with_the_predictions(report_data):
    document = metrics_document(report_data)
    fused = report_data.test_head("fused")
    right = fused.predicted == fused.labels
    assert document["test"]["fused"]["accuracy"] == pytest.approx(float(right.mean()))
    mistakes = sum(
        len(pair["first_as_second"]) + len(pair["second_as_first"]) for pair in document["confused_pairs"]
    )
    assert mistakes == int((~right).sum())
    assert sum(line["rows"] for line in document["classes"]) == len(right)


def test_document_head_without_rows_is_null(report_data):
    none = np.zeros(0, np.int64)
    empty = HeadPredictions("image", none, none, np.zeros((0, 5), np.float32))
    document = metrics_document(replace(report_data, test=(empty, *report_data.test[1:])))
    assert document["test"]["image"]["rows"] == 0
    assert document["test"]["image"]["accuracy"] is None
    assert json.dumps(document, allow_nan=False)
