"""Path labels through the learning stages: costs, back-off and classifiers of two levels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from smartprod.classifiers import load_heads
from smartprod.decision import load_decider
from smartprod.decision.stage import decide
from smartprod.embeddings import EmbeddingStore
from smartprod.errors import UsageError
from smartprod.fusion import load_products
from smartprod.pipeline import load_stages
from tests.embedded_table import LEARNING_STAGES, EmbeddedTable, embedded_table

CHEAP = ("classifier.candidates=[logistic]", "fuse.candidates=[concat]", "decide.open_set.method=none")
MUGS, CUPS = "Top 0 > Class 0", "Top 0 > Class 2"


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> EmbeddedTable:
    """200 rows of four classes in two branches, not easy to tell apart, half of them test rows."""
    parts = [("train", "train", "train", "test")[row // 4 % 4] for row in range(200)]
    return embedded_table(
        tmp_path_factory.mktemp("table"), (np.arange(200) % 4).tolist(), parts=parts, strength=0.7
    )


def costs_file(folder, *lines: str) -> str:
    path = folder / "costs.csv"
    path.write_text("\n".join(["true,predicted,cost", *lines]) + "\n", encoding="utf-8")
    return f"decide.costs={path}"


def test_tree_and_costs_are_saved_used_in_answers_and_reported(table, tmp_path):
    costs = costs_file(
        tmp_path, f"{MUGS},{CUPS},40", f"Top 1 > Class 1,{CUPS},40", f"Top 1 > Class 3,{CUPS},40"
    )
    artefacts = table.learn(*CHEAP, costs, stages=(*LEARNING_STAGES, "quality", "explain", "report"))
    document = json.loads((artefacts["decision"] / "decision.json").read_text(encoding="utf-8"))
    assert [MUGS, CUPS, 40.0] in document["costs"]["listed"]
    decider = load_decider(artefacts["decision"], artefacts["heads"])
    products = load_products(table.artefacts["embedding_index"], None, EmbeddingStore(table.folder / "store"))
    plain = table.learn(*CHEAP, run="plain")
    careless = load_decider(plain["decision"], plain["heads"])
    answers = [each.decide(products).category.tolist() for each in (decider, careless)]
    assert answers[0].count(CUPS) < answers[1].count(CUPS)  # a dear answer is given less often
    reported = artefacts["metrics"]["costs"]
    assert reported["changed"] > 0
    assert reported["cost_chosen"] < reported["cost_most_probable"]
    assert "Costs of mistakes" in artefacts["report"]
    assert artefacts["metrics"]["hierarchy"]["heads"]["fused"]["f1"] > 0.5
    assert artefacts["metrics"]["macro_categories"]["number"] >= 1


def test_tree_and_costs_with_a_wrong_name_stop_with_the_nearest(table, tmp_path):
    with pytest.raises(UsageError, match="SP671") as caught:
        table.learn(*CHEAP, costs_file(tmp_path, f"Top 0 > Clas 0,{CUPS},3"))
    assert f"did you mean `{MUGS}`" in str(caught.value)


def test_tree_and_costs_unreadable_table_is_refused_before_anything_is_computed(table):
    with pytest.raises(UsageError, match="SP670"):
        load_stages()["decide"].check(table.config("decide.costs=missing.csv"))
    load_stages()["decide"].check(table.config("decide.costs=tree"))


def test_tree_and_costs_changed_table_makes_the_stage_run_again(table, tmp_path):
    identity = load_stages()["decide"].identity
    override = costs_file(tmp_path, f"{MUGS},{CUPS},3")
    config, run = table.config(override), table.context("decide").run
    before = identity(config, run)
    costs_file(tmp_path, f"{MUGS},{CUPS},4")
    assert identity(config, run) != before
    assert identity(table.config(), run) == identity(table.config("decide.costs=tree"), run) == ""


def test_tree_and_costs_back_off_is_learned_where_leaves_are_unsure(table):
    artefacts = table.learn(*CHEAP, "decide.target_accuracy=0.75", run="unsure")
    context = table.context("decide", *CHEAP, "decide.target_accuracy=0.75", run="unsure")
    inputs = {name: artefacts[name] for name in load_stages()["decide"].reads}
    decide(context, **inputs)
    settings = load_decider(artefacts["decision"], artefacts["heads"]).settings
    assert settings.back_off_from is not None
    assert all(each.back_off_from is not None for each in settings.other_modes.values())


@pytest.mark.parametrize("level", ["1", "null"])
def test_tree_and_costs_classifier_of_two_levels_can_be_the_only_one(table, level):
    artefacts = table.learn(
        *CHEAP, "classifier.kind=two_level", f"classifier.two_level.level={level}", run=f"level-{level}"
    )
    heads = load_heads(artefacts["heads"]).heads
    assert {member.classifier.kind for head in heads.values() for member in head.members} == {"two_level"}
    assert all("two_level" in entry["name"] for entry in artefacts["leaderboard"] if entry["members"])
