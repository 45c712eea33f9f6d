"""Calibration, prediction sets and the table of modes, through the learning stages and the report."""

from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision import load_decider
from smartprod.embeddings import EmbeddingStore
from smartprod.fusion import load_products
from tests.embedded_table import LEARNING_STAGES, EmbeddedTable, embedded_table

LABELS = (np.arange(60) % 4).tolist()
CHEAP = ("classifier.candidates=[logistic]", "fuse.candidates=[concat]")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> EmbeddedTable:
    rows = np.arange(len(LABELS))
    return embedded_table(tmp_path_factory.mktemp("table"), LABELS, image=rows % 5 != 0, text=rows % 6 != 1)


@pytest.mark.parametrize("method", ["none", "temperature", "vector", "isotonic"])
def test_calibration_stages_calibrate_every_head_as_asked(table, method):
    artefacts = table.learn(*CHEAP, f"decide.calibration={method}")
    decider = load_decider(artefacts["decision"], artefacts["heads"])
    assert set(decider.calibrators) >= {"image", "text", "fused"}
    assert {each.method for each in decider.calibrators.values()} == {method}


def test_calibration_stages_without_folds_leave_auto_at_temperature(table):
    artefacts = table.learn(*CHEAP, "split.folds=1")
    decider = load_decider(artefacts["decision"], artefacts["heads"])
    assert {each.method for each in decider.calibrators.values()} == {"temperature"}


def test_calibration_stages_report_sets_and_every_mode(table):
    artefacts = table.learn(
        *CHEAP, "decide.prediction_sets=0.8", stages=(*LEARNING_STAGES, "quality", "explain", "report")
    )
    decider = load_decider(artefacts["decision"], artefacts["heads"])
    store = EmbeddingStore(table.folder / "store")
    decisions = decider.decide(load_products(table.artefacts["embedding_index"], None, store))
    answered = decisions.head != ""
    assert decisions.sets[answered].any(axis=1).all()
    assert not decisions.sets[~answered].any()
    metrics = artefacts["metrics"]
    assert metrics["prediction_sets"]["promised"] == 0.8
    assert [mode["mode"] for mode in metrics["modes"]] == ["fused", "image-then-text", "cheapest-first"]
    for mode in metrics["modes"]:
        assert sum(share["share"] for share in mode["heads"]) == pytest.approx(1)
    assert set(metrics["coverage"]) == {"image", "text", "fused", "decision"}
    assert "Who answers, and what it saves" in artefacts["report"]
