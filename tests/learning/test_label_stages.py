"""The stages for several labels on random but informative embeddings: byte for byte repeatable, and right."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from smartprod.decision import load_label_decider
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import load_products
from smartprod.model import load_model
from tests.contracts.check_stage import check_stage
from tests.embedded_table import IMAGE, EmbeddedTable, embedded_table

STAGES = (
    "split-labels", "classify-labels", "decide-labels", "explain-labels", "report-labels", "export-labels",
)  # fmt: skip
QUICK = (
    "classifier.candidates=[logistic,mlp]", "classifier.mlp.epochs=12", "classifier.mlp.hidden=16",
    "classifier.logistic.C=[30]", "split.folds=2", "run.threads=1", "report.explained_rows=2",
)  # fmt: skip
ROWS = 96


def labels_of(number: int) -> list[str]:
    """Four kinds of products with two or three labels each, and every tenth with a rare one more."""
    labels = [f"Home > Kind {number % 4}", f"Colour > {'Red' if number % 2 else 'Blue'}"]
    return [*labels, "Gifts"] if number % 4 == 3 else labels


def label_table(folder, **embedded) -> EmbeddedTable:
    """Such products, and two without labels."""
    kinds = [*(np.arange(ROWS) % 4).tolist(), None, None]
    made = embedded_table(folder, kinds, strength=3.0, **embedded)
    products = made.artefacts["products"]
    cells = [[] if kind is None else labels_of(row) for row, kind in enumerate(kinds)]
    place = products.schema.get_field_index("category")
    field = products.schema.field("category")
    made.artefacts["products"] = products.set_column(place, field, pa.array(cells, field.type))
    return made


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> EmbeddedTable:
    rows = np.arange(ROWS + 2)
    return label_table(tmp_path_factory.mktemp("labels"), image=rows % 7 != 0, text=rows % 9 != 1)


@pytest.fixture(scope="module")
def artefacts(table, tmp_path_factory) -> dict[str, object]:
    made, folder = dict(table.artefacts), tmp_path_factory.mktemp("stages")
    for name in STAGES:
        made |= check_stage(name, made, config=table.config(*QUICK), folder=folder / name)
    return made


def test_label_stages_repeat_byte_for_byte_and_learn(artefacts):
    metrics = artefacts["metrics"]
    assert metrics["part"] == "test"
    assert metrics["scores"]["macro_f1"] > 0.7
    assert {each["label"] for each in metrics["labels"]} >= {"Gifts", "Colour > Red", "Home > Kind 0"}
    assert all(
        each["hits"] + each["excess"] + each["missed"] + each["spared"] == metrics["scores"]["rows"]
        for each in metrics["labels"]
    )


def test_label_stages_split_holds_the_labels_and_stratifies_by_the_rarest(artefacts):
    split = artefacts["split"].to_pylist()
    assert split[3]["labels"] == ["Colour > Red", "Gifts", "Home > Kind 3"]
    assert split[3]["label"] in {"Gifts", "Home > Kind 3"}
    assert split[ROWS]["labels"] == []
    assert split[ROWS]["part"] == "unlabelled"


def test_label_stages_answers_are_consistent_up_the_tree(artefacts, table):
    decider = load_label_decider(artefacts["label_decision"], artefacts["label_heads"])
    store = EmbeddingStore(store_folder(table.config()))
    products = load_products(artefacts["embedding_index"], None, store)
    _, probabilities = decider.probabilities(products)
    child = decider.tree.parents >= 0
    answered = ~np.isnan(probabilities[:, 0])
    assert (
        probabilities[answered][:, child] <= probabilities[answered][:, decider.tree.parents[child]]
    ).all()
    decided = decider.decide(products)
    assert (decider.tree.closed(decided.given) == decided.given).all()
    nothing = ~products.image.present & ~products.text.present
    assert nothing.any()
    assert (decided.decision[nothing] == "review").all()
    assert [decided.category[row] for row in np.flatnonzero(nothing)] == [None] * int(nothing.sum())
    given = decided.decision == "accepted"
    assert all(decided.categories[row][0] == decided.category[row] for row in np.flatnonzero(given))


def test_label_stages_without_back_off_give_only_labels_that_products_carry(artefacts, table, tmp_path):
    made = check_stage(
        "decide-labels", artefacts, config=table.config(*QUICK, "decide.back_off=false"), folder=tmp_path
    )
    decider = load_label_decider(made["label_decision"], artefacts["label_heads"])
    store = EmbeddingStore(store_folder(table.config()))
    decided = decider.decide(load_products(artefacts["embedding_index"], None, store))
    assert {label for labels in decided.categories for label in labels} <= set(decider.classes)
    assert "backed_off" not in decided.decision


def test_label_stages_report_and_model_are_whole(artefacts):
    page = artefacts["report"]
    assert "mean F1 over labels" in page
    assert "No answer could be explained" in page, "these embeddings are nobody's"
    assert "<script>" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    model = load_model(artefacts["model"])
    assert model.gives_several_labels
    assert model.classes == model.decider.classes
    assert json.dumps(artefacts["metrics"], allow_nan=False)


def test_label_stages_serve_one_modality_and_tables_without_a_test_part(tmp_path):
    table = label_table(tmp_path, encoders=(IMAGE,))
    made = table.learn(
        *QUICK, "split.test_fraction=0", "split.folds=1", "split.val_fraction=0.3", stages=STAGES
    )
    assert made["metrics"]["part"] == "validation"
    assert made["metrics"]["scores"]["rows"] > 20
    assert "There is no test part" in made["report"]
    assert set(load_model(made["model"]).decider.head_set.heads) == {"image"}
