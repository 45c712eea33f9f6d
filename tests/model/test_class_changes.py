from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from smartprod.classifiers import fit_words
from smartprod.cli.main import app
from smartprod.decision import AddedClass, MergedClasses
from smartprod.errors import ModelError, UsageError
from smartprod.fusion import ProductEmbeddings
from smartprod.model import (
    add_class,
    embed_examples,
    load_classifier,
    load_model,
    merge_classes,
    verify_model,
)
from smartprod.model.reference import load_reference

NEW = "Music > Strings > Guitar"
TEAS = ["Food > Tea > Black tea", "Food > Tea > Green tea"]


@pytest.fixture(scope="module")
def guitars(demo_run, tmp_path_factory):
    """A table of the demo products whose class was never labelled."""
    with (demo_run.catalogue / "truth.csv").open(encoding="utf-8") as file:
        unseen = {line["id"] for line in csv.DictReader(file) if line["unseen_class"] == "1"}
    with demo_run.new_table.open(encoding="utf-8") as file:
        rows = [line for line in csv.DictReader(file) if line["id"] in unseen]
    path = tmp_path_factory.mktemp("guitars") / "guitars.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def examples(demo_run, guitars) -> ProductEmbeddings:
    return embed_examples(load_model(demo_run.model), str(guitars), image_root=str(demo_run.catalogue))


def test_add_class_answers_its_examples_and_leaves_the_old_classes_alone(demo_run, examples, tmp_path):
    before = verify_model(demo_run.model)
    change = add_class(demo_run.model, NEW, examples, out=tmp_path / "new")
    assert verify_model(demo_run.model) == before
    model = load_model(tmp_path / "new")
    assert model.classes == (*load_model(demo_run.model).classes, NEW)
    decided = model.decider.decide(examples)
    assert list(decided.probabilities.argmax(axis=1)) == [len(model.classes) - 1] * len(examples)
    assert "other" not in set(decided.decision)
    np.testing.assert_allclose(decided.probabilities.sum(axis=1), 1, atol=1e-5)
    assert change.after >= change.before - 0.02
    assert NEW in (tmp_path / "new/README.md").read_text(encoding="utf-8")


def test_add_class_works_through_the_ordinary_classifier(demo_run, examples, guitars, tmp_path):
    add_class(demo_run.model, NEW, examples, out=tmp_path / "new")
    with guitars.open(encoding="utf-8") as file:
        products = list(csv.DictReader(file))
    with load_classifier(tmp_path / "new", image_root=demo_run.catalogue) as classifier:
        assert set(classifier.predict(products)) == {NEW}


def test_add_class_no_longer_asks_the_words_first(demo_run, examples, tmp_path):
    add_class(demo_run.model, NEW, examples, out=tmp_path / "new")
    asked = {}
    for folder in (demo_run.model, tmp_path / "new"):
        decider = load_model(folder).decider
        words = fit_words(
            ["a string", "a drum"], np.array([0, 1]), classes=len(decider.head_set.classes), seed=0
        )
        first = replace(decider.settings, mode="cheapest-first", cheapest="words", ask_next=0.0)
        decider = replace(decider, words=words, settings=first)
        answers = decider.combine(examples, ["a string"] * len(examples))
        asked[folder.name] = decider.asks_words, set(answers.head.tolist())
    assert asked == {"model": (True, {"words"}), "new": (False, {"fused"})}


def test_add_class_from_one_example_and_twice_is_saved_and_read_back(demo_run, examples, tmp_path):
    one = examples.take(np.array([0]))
    first = add_class(demo_run.model, NEW, one, out=tmp_path / "one")
    assert np.isnan(first.recall)
    add_class(tmp_path / "one", "Music > Drums", one, out=None)
    decider = load_model(tmp_path / "one").decider
    assert [type(edit) for edit in decider.edits] == [AddedClass, AddedClass]
    assert decider.classes[-2:] == (NEW, "Music > Drums")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]


def test_merge_classes_sums_probabilities_and_never_loses_accuracy(demo_run, tmp_path):
    reference = load_reference(demo_run.model)
    old = load_model(demo_run.model).decider
    change = merge_classes(demo_run.model, TEAS, "Food > Tea", out=tmp_path / "merged")
    new = load_model(tmp_path / "merged").decider
    assert isinstance(new.edits[0], MergedClasses)
    assert len(new.classes) == len(old.classes) - 1
    before, after = (each.decide(reference.products).probabilities for each in (old, new))
    columns = [old.classes.index(name) for name in TEAS]
    np.testing.assert_allclose(
        after[:, new.classes.index("Food > Tea")], before[:, columns].sum(axis=1), atol=1e-5
    )
    assert change.after >= change.before


def test_class_changes_refuse_what_makes_no_sense(demo_run, examples, tmp_path):
    known = load_model(demo_run.model).classes[0]
    with pytest.raises(UsageError, match="SP721"):
        add_class(demo_run.model, known, examples, out=tmp_path / "new")
    with pytest.raises(UsageError, match="SP722"):
        add_class(demo_run.model, NEW, examples.take(np.array([], dtype=int)), out=tmp_path / "new")
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="SP724"):
        add_class(demo_run.model, NEW, examples, out=tmp_path / "there")
    for names, into in (([known], "A"), ([known, "none"], "A"), (TEAS, known)):
        with pytest.raises(UsageError, match="SP726"):
            merge_classes(demo_run.model, names, into, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_class_changes_want_reference_rows(model_copy):
    from smartprod.model.verification import write_manifest

    shutil.rmtree(model_copy / "reference")
    write_manifest(model_copy)
    with pytest.raises(ModelError, match="SP723"):
        merge_classes(model_copy, TEAS, "Food > Tea", out=None)


def test_model_commands_show_verify_and_change(demo_run, guitars, tmp_path):
    run = CliRunner().invoke
    shown = run(app, ["model", "show", str(demo_run.model)])
    assert shown.exit_code == 0, shown.output
    assert "classes   28" in shown.output
    assert "Food > Tea > Black tea" in shown.output
    assert "is whole" in run(app, ["model", "verify", str(demo_run.model)]).output
    options = ["--class", NEW, "--examples", str(guitars), "--image-root", str(demo_run.catalogue)]
    added = run(app, ["model", "add-class", str(demo_run.model), *options, "-o", str(tmp_path / "new")])
    assert added.exit_code == 0, added.output
    assert "held-out rows of the training" in added.output
    classes = [argument for name in TEAS for argument in ("--classes", name)]
    merged = run(
        app, ["model", "merge-classes", str(tmp_path / "new"), *classes, "--into", "Tea", "--in-place"]
    )
    assert merged.exit_code == 0, merged.output
    assert len(load_model(tmp_path / "new").classes) == 28
    neither = run(app, ["model", "merge-classes", str(tmp_path / "new"), *classes, "--into", "Tea"])
    assert "SP117" in str(neither.exception)
