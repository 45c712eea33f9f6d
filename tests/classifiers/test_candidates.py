from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers.budget import Budget
from smartprod.classifiers.candidates import plan_candidates
from smartprod.classifiers.standings import skipped_lines
from smartprod.config.learning import ClassifierConfig
from tests.embedded_table import embedded_table, learning_data

FUSE = ("split", "fuse", "resample")


@pytest.fixture
def table(tmp_path):
    return embedded_table(tmp_path, (np.arange(60) % 3).tolist())


def names(leaderboard, *, skipped: bool) -> set[str]:
    return {entry["name"] for entry in leaderboard if ("skipped" in entry) == skipped}


def test_candidates_are_planned_from_simple_to_complex_after_one_of_each_head():
    config = ClassifierConfig(candidates=("lightgbm", "mlp", "prototype", "logistic"))
    planned = plan_candidates(["image", "text", "concat", "gated"], learning_data([6, 6]), config)
    assert [each.name for each in planned[:3]] == [
        f"{name}+logistic(C=30)" for name in ("image", "text", "concat")
    ]
    order = [each.simplicity for each in planned[3:]]
    assert order == sorted(order)
    assert [each.recipe.kind for each in planned[-4:]] == ["lightgbm"] * 4
    assert len({each.name for each in planned}) == len(planned) == 20


def test_candidates_without_a_limit_are_all_compared(table):
    board = table.learn(stages=(*FUSE, "classify"))["leaderboard"]
    assert names(board, skipped=True) == set()
    singles = [entry for entry in board if "+" in entry["name"]]
    assert {entry["head"] for entry in singles} == {"image", "text", "fused"}
    assert all(entry["rows_per_second"] > 0 for entry in singles)
    assert all(entry["standard_error"] >= 0 for entry in board)


def test_candidates_a_used_up_budget_leaves_one_for_each_head_and_names_the_others(table, capsys):
    artefacts = table.learn("classifier.time_limit=0.000001", stages=(*FUSE, "classify"))
    board = artefacts["leaderboard"]
    tried = {"image+logistic(C=30)", "text+logistic(C=30)", "concat+logistic(C=30)"}
    assert {name for name in names(board, skipped=False) if "+" in name} == tried
    left_out = names(board, skipped=True)
    assert {"concat+mlp", "concat+prototype", "gated+logistic(C=30)", "metric+mlp"} <= left_out
    assert not left_out & tried
    reasons = {entry["skipped"] for entry in board if "skipped" in entry}
    assert reasons == {"the time limit of 1e-06 s was used up"}
    artefacts = table.learn("classifier.time_limit=0.000001")
    assert artefacts["decision"] is not None


def test_candidates_without_a_limit_the_budget_is_never_used_up():
    assert not Budget().used_up()
    budget = Budget(1e-9)
    assert budget.used_up()
    budget.skip("gated+mlp", folds=2, of=5)
    budget.skip("metric+mlp", folds=0, of=5)
    budget.skip("metric+lightgbm", folds=0, of=5)
    assert skipped_lines(budget.skipped) == [
        "  skipped, the time limit of 1e-09 s was used up after 2 of 5 folds: gated+mlp",
        "  skipped, the time limit of 1e-09 s was used up: metric+mlp, metric+lightgbm",
    ]
