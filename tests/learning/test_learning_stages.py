"""The learning stages one after the other, on tables of every shape and with every switch."""

from __future__ import annotations

import json
from typing import get_args

import numpy as np
import pytest

from smartprod.classifiers import load_heads
from smartprod.config.learning import MetricLoss, OpenSetMethod
from smartprod.decision import load_decider
from smartprod.embeddings import EmbeddingStore
from smartprod.errors import TrainingError
from smartprod.fusion import load_products
from tests.contracts.check_head import check_asks_only_what_is_there, check_heads
from tests.embedded_table import IMAGE, LEARNING_STAGES, TEXT, EmbeddedTable, embedded_table

LABELS = [*(np.arange(60) % 4).tolist(), None, None]
COUNT = len(LABELS)
CHEAP = ("classifier.candidates=[logistic,prototype]", "fuse.candidates=[concat,stack]")
WITH_REPORT = (*LEARNING_STAGES, "quality", "explain", "report", "export")


def decide_all(table: EmbeddedTable, artefacts):
    decider = load_decider(artefacts["decision"], artefacts["heads"])
    store = EmbeddingStore(table.folder / "store")
    products = load_products(table.artefacts["embedding_index"], None, store)
    return decider, products, decider.decide(products)


def table_has_both() -> np.ndarray:
    """Rows of `table` with an image and a text."""
    rows = np.arange(COUNT)
    return (rows % 5 != 0) & (rows % 6 != 1)


def chosen(artefacts) -> dict[str, str]:
    return {entry["head"]: entry["name"] for entry in artefacts["leaderboard"] if entry["chosen"]}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> EmbeddedTable:
    """60 labelled rows of four classes, a fifth of them without image, a sixth without text, one with neither."""
    rows = np.arange(COUNT)
    folder = tmp_path_factory.mktemp("table")
    return embedded_table(folder, LABELS, image=rows % 5 != 0, text=rows % 6 != 1)


def test_learning_all_candidates_make_heads_that_keep_their_contract(table, tmp_path):
    artefacts = table.learn("classifier.candidates=[logistic,mlp,lightgbm,prototype]", stages=WITH_REPORT)
    assert set(chosen(artefacts)) == {"image", "text", "fused"}
    assert "mlp" in str(artefacts["leaderboard"])
    decider, products, decisions = decide_all(table, artefacts)
    check_heads(load_heads(artefacts["heads"]), products, tmp_path)
    check_asks_only_what_is_there(decider, products)
    image, text = products.image.present, products.text.present
    assert (
        decisions.head
        == np.where(image & text, "fused", np.where(image, "image", np.where(text, "text", "")))
    ).all()
    truth = [f"Top {label % 2} > Class {label}" for label in LABELS[:60]]
    accepted = decisions.decision[:60] == "accepted"
    assert accepted.mean() > 0.5
    assert (decisions.category[:60] == truth)[accepted].mean() > 0.9


@pytest.mark.parametrize(("encoder", "head"), [(IMAGE, "image"), (TEXT, "text")])
@pytest.mark.parametrize("mode", ["fused", "image-then-text", "cheapest-first"])
def test_learning_one_modality_is_enough_in_every_mode(tmp_path, encoder, head, mode):
    table = embedded_table(tmp_path, LABELS, encoders=[encoder])
    artefacts = table.learn(f"decide.mode={mode}", *CHEAP, stages=WITH_REPORT)
    assert set(chosen(artefacts)) == {head}
    assert set(decide_all(table, artefacts)[2].head) == {head}


def test_learning_two_classes_are_enough(tmp_path):
    table = embedded_table(tmp_path, [0, 1] * 20)
    assert set(chosen(table.learn())) == {"image", "text", "fused"}


def test_learning_six_rows_are_enough(tmp_path):
    table = embedded_table(tmp_path, [0, 0, 0, 1, 1, 1])
    artefacts = table.learn(*CHEAP, "split.folds=5", "split.val_fraction=0", "split.test_fraction=0")
    assert set(chosen(artefacts)) == {"image", "text", "fused"}


def test_learning_one_class_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"SP501(.|\n)*1 class") as caught:
        embedded_table(tmp_path, [0] * 20).learn()
    assert "catalog.columns.category" in str(caught.value)


def test_learning_without_any_embedding_is_refused(tmp_path):
    nothing = np.zeros(COUNT, bool)
    with pytest.raises(TrainingError, match="SP501"):
        embedded_table(tmp_path, LABELS, image=nothing, text=nothing).learn()


def test_learning_without_anything_to_validate_by_is_refused(table):
    with pytest.raises(TrainingError, match=r"SP502(.|\n)*split.folds"):
        table.learn("split.folds=1", "split.val_fraction=0")


def test_learning_class_without_images_is_known_to_the_text_and_fused_heads(tmp_path):
    labels = np.asarray(LABELS[:60])
    table = embedded_table(tmp_path, labels.tolist(), image=labels != 1)
    artefacts = table.learn(*CHEAP, stages=WITH_REPORT)
    decider, products, decisions = decide_all(table, artefacts)
    image = decider.answers(products)["image"]
    column = decider.classes.index("Top 1 > Class 1")
    assert image.probabilities[:, column].max() < 0.01
    assert set(decisions.head[labels == 1]) == {"text"}
    assert (decisions.category[labels == 1] == "Top 1 > Class 1").mean() > 0.5


@pytest.mark.parametrize(
    ("image", "heads"),
    [
        (np.asarray(LABELS[:60]) == 1, {"image", "text"}),
        (np.arange(60) < 1, {"text"}),
        (np.arange(60) < 30, {"image", "text"}),
    ],
    ids=["images of one class", "a single image", "image and text never together"],
)
@pytest.mark.parametrize("method", ["none", "random_over", "smote"])
def test_learning_few_images_leave_the_text_head(tmp_path, image, heads, method):
    text = np.arange(60) >= 30 if image.sum() == 30 else None
    table = embedded_table(tmp_path, LABELS[:60], image=image, text=text)
    artefacts = table.learn(f"resample.method={method}", *CHEAP, stages=WITH_REPORT)
    assert set(chosen(artefacts)) == heads


def test_learning_long_tail_keeps_its_small_classes(tmp_path):
    table = embedded_table(tmp_path, [*LABELS[:60], 4, 5, 5, 6, 6, 6])
    artefacts = table.learn("resample.method=smote", *CHEAP)
    assert len(load_heads(artefacts["heads"]).classes) == 7


@pytest.mark.parametrize("kind", ["logistic", "mlp", "lightgbm", "prototype", "neighbours"])
def test_learning_with_one_kind_of_classifier(table, kind):
    artefacts = table.learn(f"classifier.kind={kind}", "fuse.candidates=[concat]")
    for entry in artefacts["leaderboard"]:
        for member in entry["members"]:
            assert member["name"].split("+")[1].startswith(kind)


@pytest.mark.parametrize("loss", get_args(MetricLoss))
def test_learning_with_each_metric_loss(table, loss):
    context = table.context("fuse", f"fuse.metric.loss={loss}", "fuse.candidates=[metric]")
    artefacts = table.learn(
        f"fuse.metric.loss={loss}", "fuse.candidates=[metric]", "classifier.kind=prototype"
    )
    names = {entry["name"] for entry in artefacts["leaderboard"] if entry["head"] == "fused"}
    assert "metric+prototype" in names
    assert context.config.fuse.metric.loss == loss


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        ("concat", {"concat"}),
        ("gated", {"gated"}),
        ("cross_attention", {"cross_attention"}),
        ("stack", set()),
        ("concat,stack", {"concat"}),
    ],
)
def test_learning_compares_the_candidates_that_were_asked_for(table, candidates, names):
    artefacts = table.learn(f"fuse.candidates=[{candidates}]", "classifier.kind=prototype")
    fused = {entry["name"].split("+")[0] for entry in artefacts["leaderboard"] if entry["head"] == "fused"}
    assert names <= fused
    assert fused & {"concat", "metric", "gated", "cross_attention"} == names
    assert ("stack" in {name.split(" ")[0] for name in fused}) == ("stack" in candidates)


@pytest.mark.parametrize("method", ["standard", "whiten"])
def test_learning_with_normalised_blocks(table, method):
    artefacts = table.learn(
        f"fuse.concat.normalise={method}", "fuse.candidates=[concat,metric]", "classifier.kind=prototype"
    )
    names = {entry["name"] for entry in artefacts["leaderboard"] if entry["head"] == "fused"}
    assert {"concat+prototype", "metric+prototype"} <= names
    decisions = decide_all(table, artefacts)[2]
    assert (decisions.head[table_has_both()] == "fused").all()


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_learning_by_another_metric(table, metric):
    assert "fused" in chosen(table.learn(f"classifier.metric={metric}", *CHEAP))


@pytest.mark.parametrize("overrides", [("split.folds=1",), ("split.folds_up_to_rows=10",)])
def test_learning_validates_on_the_val_part_alone(table, overrides):
    artefacts = table.learn("split.val_fraction=0.3", *CHEAP, *overrides)
    parts = artefacts["split"]["part"].to_pylist()
    assert {entry["rows"] for entry in artefacts["leaderboard"]} <= set(range(parts.count("val") + 1))


def test_learning_image_then_text_asks_the_text_where_the_image_is_unsure(tmp_path):
    rows = np.arange(COUNT)
    table = embedded_table(tmp_path, LABELS, image=rows % 5 != 0, text=rows % 6 != 1, strength=0.8)
    artefacts = table.learn("decide.mode=image-then-text", "decide.target_accuracy=0.99", *CHEAP)
    _, products, decisions = decide_all(table, artefacts)
    assert set(decisions.head) <= {"image", "text", ""}
    assert (decisions.head[~products.image.present & products.text.present] == "text").all()
    assert (decisions.head[products.image.present & products.text.present] == "text").any()


def test_learning_cheapest_first_pays_only_for_unsure_rows(table):
    artefacts = table.learn("decide.mode=cheapest-first", "decide.cheapest=text", *CHEAP)
    decider, products, decisions = decide_all(table, artefacts)
    both = products.having(("image", "text"))
    text = decider.answers(products)["text"]
    sure = np.zeros(COUNT, bool)
    sure[text.positions] = text.probabilities.max(axis=1) >= decider.settings.ask_next
    assert (decisions.head[both & sure] == "text").all()
    assert (decisions.head[both & ~sure] == "fused").all()


@pytest.mark.parametrize("method", get_args(OpenSetMethod))
def test_learning_with_another_open_set_method(table, method):
    overrides = (f"decide.open_set.method={method}", "decide.open_set.false_rejection_rate=0.2")
    decider, products, decisions = decide_all(table, table.learn(*overrides, *CHEAP))
    assert {each.kind for each in decider.detectors.values()} == {method} - {"none"}
    strangeness = decider.strangeness(products, decider.combine(products))
    assert np.isfinite(strangeness[decisions.head != ""]).all() == (method != "none")
    assert (decisions.decision == "other").mean() < (0.5 if method != "none" else 0.001)


def test_learning_review_below_overrules_the_target(table):
    artefacts = table.learn("decide.review_below=0.123", *CHEAP)
    assert json.loads((artefacts["decision"] / "decision.json").read_text())["accept"] == 0.123
