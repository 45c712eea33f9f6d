from __future__ import annotations

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.quality import FindingKind, find_wrong_labels
from smartprod.quality.held_out import HeldOut


def answers(labels: np.ndarray, classes: int, *, strength: float, seed: int = 0) -> HeldOut:
    """Answers that lean towards the true class."""
    logits = np.random.default_rng(seed).normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += strength
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return HeldOut(np.arange(100, 100 + len(labels)), labels, probabilities)


def test_wrong_labels_planted_ones_come_first_with_the_true_class():
    truth = np.repeat(np.arange(4), 50)
    held = answers(truth, 4, strength=7)
    planted = np.array([3, 60, 120, 180])
    labels = truth.copy()
    labels[planted] = (truth[planted] + 1) % 4
    found = find_wrong_labels(HeldOut(held.rows, labels, held.probabilities))
    assert {each.row for each in found[:4]} == set((planted + 100).tolist())
    assert all(each.suggested == truth[each.row - 100] for each in found[:4])
    ratios = [each.suggested_probability / each.label_probability for each in found]
    assert ratios == sorted(ratios, reverse=True)


def test_wrong_labels_of_confident_and_right_answers_are_none():
    labels = np.repeat(np.arange(3), 30)
    probabilities = np.full((90, 3), 0.01)
    probabilities[np.arange(90), labels] = 0.98
    assert find_wrong_labels(HeldOut(np.arange(90), labels, probabilities)) == []


@given(
    st.lists(st.integers(0, 5), min_size=0, max_size=40),
    st.integers(0, 3),
)
def test_wrong_labels_any_table_is_judged_without_an_error(labels, seed):
    given_labels = np.asarray(labels, dtype=np.int64)
    held = answers(given_labels, 6, strength=1, seed=seed)
    for each in find_wrong_labels(held):
        assert each.suggested != each.label
        assert each.suggested_probability > each.label_probability


def test_wrong_labels_of_the_demo_catalogue_are_mostly_truly_wrong(demo_run):
    with (demo_run.catalogue / "truth.csv").open(encoding="utf-8") as file:
        wrong = {line["id"] for line in csv.DictReader(file) if line["wrong_label"] == "1"}
    findings = pq.read_table(demo_run.run.artefact_path("findings")).to_pylist()
    found = [line["ids"][0] for line in findings if line["kind"] == FindingKind.WRONG_LABEL]
    assert len(wrong & set(found)) >= len(wrong) / 2
    assert found[0] in wrong


@pytest.mark.parametrize("count", [0, 1])
def test_wrong_labels_of_next_to_no_rows_are_none(count):
    held = HeldOut(np.arange(count), np.zeros(count, np.int64), np.full((count, 3), 1 / 3))
    assert find_wrong_labels(held) == []
