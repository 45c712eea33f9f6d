"""Several labels per product, from a table to scored files, by the library functions that the commands call."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import smartprod
from smartprod.config import load_config
from smartprod.decision import load_label_decider
from smartprod.errors import ModelError, UsageError
from smartprod.explanation import Explainer, explain_row, explanation_lines, read_explanations
from smartprod.interchange import export_onnx
from smartprod.model import load_classifier, merge_classes
from smartprod.pipeline import RunConsole, RunFolder, StageContext, load_pipeline, load_stages, run_pipeline
from smartprod.quality import examine_run
from smartprod.scoring import score_table
from smartprod.state import load_state, save_state

QUICK = (
    "run.threads=1", "split.folds=2", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
    "classifier.logistic.max_iterations=50", "report.explained_rows=3",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(demo_catalogue, tmp_path_factory) -> RunFolder:
    runs = tmp_path_factory.mktemp("several-labels")
    overrides = (f"catalog.path={demo_catalogue / 'products.csv'}", f"run.folder={runs}", *QUICK)
    loaded = load_config("demo-several-labels", overrides)
    return run_pipeline(load_pipeline("several-labels"), loaded, console=RunConsole(quiet=True)).run


@pytest.mark.slow
def test_several_labels_are_scored_from_a_csv(run, demo_catalogue, tmp_path):
    out = tmp_path / "scored.csv"
    score_table(demo_catalogue / "new.csv", model=run.artefact_path("model"), out=out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(50))
    assert any("Colour > " in row["categories"] and row["categories"].count("; ") == 1 for row in rows)
    for row in rows:
        labels = row["categories"].split("; ") if row["categories"] else []
        assert len(labels) == (row["category_confidences"].count("; ") + 1 if labels else 0)
        assert (row["decision"] == "review") == (not labels)
        if labels:
            assert row["category"] == labels[0]
            assert row["confidence"] == row["category_confidences"].split("; ")[0]


@pytest.mark.slow
def test_several_labels_are_explained_one_by_one(run, demo_catalogue):
    table, model = str(demo_catalogue / "products.csv"), run.artefact_path("model")
    answers = load_classifier(model, image_root=demo_catalogue)
    colour = next(name for name in answers.classes_ if name.startswith("Colour > "))
    best, asked = explain_row(table, 3, model=model), explain_row(table, 3, model=model, category=colour)
    assert best.explained == best.top[0].category
    assert asked.explained == colour
    assert asked.answer == best.answer
    for each in (best, asked):
        added = sum(share.share for share in each.modalities)
        assert each.base + added == pytest.approx(each.confidence, abs=1e-5)
        assert each.words
        assert each.path == (), "labels do not exclude each other"
    assert "The model carries no training products" in "\n".join(explanation_lines(best))


@pytest.mark.slow
def test_several_labels_report_says_why_as_the_model_does(run, demo_catalogue):
    kept = read_explanations(run.read("explanations")).explanations
    assert len(kept) == 3
    split, page = run.read("split").to_pylist(), run.read("report")
    for each in kept:
        assert split[each.row]["part"] == "test"
        assert f'id="why-{each.row}"' in page
        assert each.words
    asked = explain_row(
        str(demo_catalogue / "products.csv"),
        kept[0].row,
        model=run.artefact_path("model"),
        category=kept[0].explained,
    )
    assert asked.confidence == pytest.approx(kept[0].confidence, abs=1e-4)
    due = [each.explained in split[each.row]["labels"] for each in kept]
    assert page.count("which it does not have in the table") == due.count(False)
    assert page.count("which it has in the table") + page.count("rightly given") == due.count(True)


@pytest.mark.slow
def test_several_labels_product_whose_photo_is_gone_is_not_explained(run, monkeypatch):
    """Of a product that the table still has, but that nothing can be read of any more, there is nothing to tell."""
    read = Explainer.explain

    def explain(self, products, *, category):
        texts = ("title", "description", "attributes", "images")
        gone = pa.table({name: pa.nulls(1, field.type) if name in texts else products[name] for name, field in
                         zip(products.schema.names, products.schema, strict=True)})  # fmt: skip
        return read(self, gone, category=category)

    monkeypatch.setattr(Explainer, "explain", explain)
    stage = load_stages()["explain-labels"]
    context = StageContext(load_config(str(run.config_path), []).config, stage=stage.name, run=run)
    inputs = {name: run.open(name) if name in stage.streams else run.read(name) for name in stage.reads}
    made = stage.function(context, **inputs)["explanations"]
    assert made.num_rows == 0
    assert context.lines == [
        "no label is explained",
        "3 left out: nothing can be read of these products any more",
    ]


@pytest.mark.slow
def test_several_labels_of_a_run_folder_and_of_its_table_are_the_same(run, demo_catalogue, tmp_path):
    model = run.artefact_path("model")
    score_table(run.root, model=model, out=tmp_path / "run.parquet")
    score_table(demo_catalogue / "products.csv", model=model, out=tmp_path / "table.parquet")
    columns = ["row", "id", "category", "categories", "decision"]
    from_run, from_table = (
        pq.read_table(tmp_path / f"{name}.parquet", columns=columns) for name in ("run", "table")
    )
    assert from_run.equals(from_table)
    assert max(map(len, from_run["categories"].to_pylist())) >= 2


@pytest.mark.slow
def test_several_labels_model_answers_from_python_and_is_verified(run, tmp_path):
    with smartprod.load(run.artefact_path("model")) as classifier:
        products = [{"title": "Black tea, 100 g, black"}]
        assert "categories" in classifier.decide(products).columns
        assert classifier.predict(products)[0] in classifier.classes_
    with pytest.raises(UsageError, match="SP680"):
        load_classifier(run.artefact_path("model"), mode="image-then-text")
    altered = run.artefact_path("model") / "labels" / "heads" / "label_heads.json"
    before = altered.read_bytes()
    altered.write_bytes(before + b" ")
    try:
        with pytest.raises(ModelError, match="SP713"):
            smartprod.load(run.artefact_path("model"))
    finally:
        altered.write_bytes(before)


@pytest.mark.slow
def test_several_labels_model_cannot_be_changed_or_exported_to_onnx(run, tmp_path):
    model = run.artefact_path("model")
    with pytest.raises(ModelError, match="SP725"):
        merge_classes(model, ["Colour > Black", "Colour > White"], "Colour", out=tmp_path / "merged")
    with pytest.raises(ModelError, match="SP736"):
        export_onnx(model, tmp_path / "onnx")


@pytest.mark.slow
def test_several_labels_parts_that_do_not_belong_together_are_refused(run, tmp_path):
    labels = Path(shutil.copytree(run.artefact_path("model") / "labels", tmp_path / "labels"))
    decision, heads = labels / "decision", labels / "heads"
    thresholds = load_state(decision, "label-thresholds")
    short = {name: each[:-1] for name, each in thresholds.arrays.items()}
    save_state(replace(thresholds, arrays=short), decision, "label-thresholds")
    with pytest.raises(ModelError, match="SP681"):
        load_label_decider(decision, heads)
    first = sorted((heads / "classifiers").glob("*.json"))[0]
    first.write_text(first.read_text().replace('"kind": "', '"kind": "new-'))
    with pytest.raises(ModelError, match="SP531"):
        load_label_decider(decision, heads)
    (heads / "label_heads.json").write_text("{}")
    with pytest.raises(ModelError, match="SP530"):
        load_label_decider(decision, heads)


@pytest.mark.slow
def test_several_labels_run_is_no_patient_of_the_doctor(run):
    with pytest.raises(UsageError, match=rf"SP692(.|\n)*run all --config {run.config_path} run.pipeline=all"):
        examine_run(run.root)


def test_several_labels_refuses_what_it_would_ignore_before_anything_is_computed(tmp_path):
    loaded = load_config("demo-several-labels", [f"run.folder={tmp_path}", "decide.mode=image-then-text"])
    with pytest.raises(UsageError, match="SP125"):
        run_pipeline(load_pipeline("several-labels"), loaded, console=RunConsole(quiet=True))
    assert list(tmp_path.iterdir()) == []
