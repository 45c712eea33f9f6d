from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

from smartprod.decision import load_decider
from smartprod.evaluation import metrics_document
from smartprod.evaluation.assembly import Artefacts, assemble
from smartprod.evaluation.data import UNKNOWN_CLASS
from smartprod.quality import findings_table
from tests.embedded_table import EmbeddedTable, embedded_table

LABELS = [*(np.arange(80) % 4).tolist(), 4, None]
CHEAP = ("classifier.candidates=[logistic,prototype]", "fuse.candidates=[concat,stack]")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> EmbeddedTable:
    rows = np.arange(len(LABELS))
    parts = [*(["train"] * 50), *(["val"] * 10), *(["test"] * 21), None]
    folder = tmp_path_factory.mktemp("assembly")
    return embedded_table(folder, LABELS, image=rows % 5 != 0, text=rows % 6 != 1, parts=parts)


def assembled(table: EmbeddedTable, *overrides: str):
    made = table.learn(*CHEAP, *overrides)
    names = ("products", "clean_text", "embedding_index", "split", "split_account", "leaderboard", "heads")
    made["findings"] = findings_table([], [])
    context = table.context("report", *CHEAP, *overrides)
    decider = load_decider(made["decision"], made["heads"])
    return assemble(
        Artefacts(*(made[name] for name in (*names, "findings"))), decider, context.config, context.run
    ), made


def test_assembly_test_predictions_are_of_the_rows_each_head_can_answer(table):
    data, _ = assembled(table)
    rows = np.arange(60, 81)
    able = {"image": rows % 5 != 0, "text": rows % 6 != 1}
    able["fused"] = able["image"] & able["text"]
    assert {head.name for head in data.test} == set(able)
    for head in data.test:
        assert head.rows.tolist() == rows[able[head.name]].tolist()
        np.testing.assert_allclose(head.probabilities.sum(axis=1), 1, rtol=1e-4)
        known = [LABELS[row] for row in head.rows]
        wanted = [
            UNKNOWN_CLASS if label == 4 else data.classes.index(f"Top {label % 2} > Class {label}")
            for label in known
        ]
        assert head.labels.tolist() == wanted


def test_assembly_decisions_stand_beside_the_truth(table):
    data, _ = assembled(table)
    decisions = data.decisions
    assert decisions.rows.tolist() == list(range(60, 81))
    assert decisions.truth[-1] == "Top 0 > Class 4", "a class that was never trained keeps its name"
    right = [a == b for a, b in zip(decisions.truth, decisions.predicted, strict=True)]
    assert np.mean(right) > 0.5
    assert set(decisions.decision) <= {"accepted", "backed_off", "other", "review"}


def test_assembly_counts_what_the_heads_were_fitted_on(table):
    data, made = assembled(table)
    assert data.train_counts.tolist() == [15, 15, 15, 15]
    assert data.chosen.name == "fused"
    assert sum(row.chosen for row in data.leaderboard) == 3
    assert len(data.leaderboard) == len(made["leaderboard"])
    assert data.validation_kind.startswith("2-fold")


def test_assembly_answers_for_held_out_rows_are_calibrated(table):
    data, _ = assembled(table)
    for head in data.validation:
        assert head.rows.max() < 60
        np.testing.assert_allclose(head.probabilities.sum(axis=1), 1, rtol=1e-4)


def test_assembly_looks_up_products_by_row(table):
    data, _ = assembled(table)
    found = data.products([70, 3])
    assert [found[row].title for row in (70, 3)] == ["product 70", "product 3"]
    assert (found[70].part, found[3].part) == ("test", "train")


def test_assembly_map_holds_rows_with_everything(table):
    data, _ = assembled(table)
    rows = np.arange(81)
    both = rows[(rows % 5 != 0) & (rows % 6 != 1)]
    assert data.embedding_map.rows.tolist() == both.tolist()
    assert data.embedding_map.name == "image + text"


def test_assembly_without_a_test_part_still_reports(table):
    data, _ = assembled(table, "split.use_column=false", "split.test_fraction=0")
    assert all(len(head.rows) == 0 for head in data.test)
    assert len(data.decisions.rows) == 0
    assert metrics_document(data)


def test_assembly_rows_that_never_have_both_modalities_are_not_mapped(tmp_path):
    rows = np.arange(60)
    table = embedded_table(tmp_path, (rows % 4).tolist(), image=rows < 30, text=rows >= 30)
    data, _ = assembled(table)
    assert data.embedding_map is None


def test_assembly_runs_from_a_checkout_that_is_not_installed(table, monkeypatch):
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in {"smartprod", "lightgbm"}:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    versions = assembled(table)[0].versions
    assert versions["smartprod"]
    assert "lightgbm" not in versions


@pytest.mark.parametrize(("mode", "first"), [("image-then-text", "image"), ("cheapest-first", "text")])
def test_assembly_chosen_head_is_the_one_that_the_mode_asks_first(table, mode, first):
    data, _ = assembled(table, f"decide.mode={mode}")
    assert data.chosen.name == first
