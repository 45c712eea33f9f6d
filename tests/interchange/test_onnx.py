from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from smartprod.classifiers import FitRequest, Head, fit_classifier, list_recipes
from smartprod.classifiers.head import Member
from smartprod.config import Config
from smartprod.config.learning import FuseConfig
from smartprod.decision.calibration import IsotonicScaling, TemperatureScaling, VectorScaling
from smartprod.embeddings import ModalityEmbeddings
from smartprod.errors import ModelError, UsageError
from smartprod.fusion import ProductEmbeddings
from smartprod.fusion.modality_fusion import fit_fusion_network
from smartprod.fusion.normalisation import fit_normaliser
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation
from smartprod.interchange import SampleTable, export_onnx
from smartprod.interchange.head_graphs import NoGraphError, head_to_onnx
from smartprod.model import load_model
from smartprod.model.verification import write_manifest
from smartprod.resampling import TrainingSet
from smartprod.state import load_state, save_state


@pytest.fixture(scope="module")
def exported(demo_run, tmp_path_factory):
    sample = SampleTable(str(demo_run.new_table))
    return export_onnx(demo_run.model, tmp_path_factory.mktemp("onnx") / "model", sample=sample)


def test_onnx_export_answers_like_the_model_from_photos_and_texts_on(exported):
    assert set(exported.differences) == {"image", "text", "fused"}
    assert max(exported.differences.values()) < 0.01
    assert min(exported.agreements.values()) > 0.9999
    assert "50 products of new.csv, from their files on" in exported.sample


def test_onnx_export_describes_inputs_labels_and_what_stays_outside(exported, demo_run):
    described = json.loads((exported.folder / "model.json").read_text())
    assert described["labels"] == list(load_model(demo_run.model).classes)
    image, text, words = described["encoders"]
    assert (image["file"], image["inputs"]) == ("encoders/lite0.onnx", ["pixels"])
    assert image["preprocessing"]["crop"] == [224, 224]
    assert text["inputs"] == ["input_ids", "attention_mask"]
    assert (exported.folder / text["tokenizer"] / "tokenizer.json").is_file()
    assert words["file"] is None
    assert any("HashingVectorizer" in each for each in described["outside"])
    fused = next(head for head in described["heads"] if head["name"] == "fused")
    assert [(each["name"], each["dim"]) for each in fused["inputs"]] == [("image", 1280), ("text", 1408)]


def test_onnx_export_files_are_sound_and_take_any_number_of_rows(exported):
    for name in exported.files:
        onnx.checker.check_model(exported.folder / name)
    head = onnxruntime.InferenceSession(exported.folder / "heads" / "image.onnx")
    for rows in (1, 7):
        answers = head.run(None, {"image": np.full((rows, 1280), 0.1, np.float32)})[0]
        assert answers.shape == (rows, 28)
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_onnx_export_never_writes_over_something(exported, demo_run):
    with pytest.raises(UsageError, match="SP731"):
        export_onnx(demo_run.model, exported.folder)


# Every kind of head, on made-up embeddings: 3 of 6 classes in two clouds each, one class without rows.
CLASSES, ROWS = 6, 120
CONFIG = Config.model_validate(
    {"classifier": {"kind": "auto", "logistic": {"C": [1.0]}, "mlp": {"epochs": 2},
                    "candidates": ["logistic", "discriminant", "mlp", "prototype", "two_level"]}}
).classifier  # fmt: skip


@pytest.fixture(scope="module")
def products():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES - 1, ROWS)

    def block(dim):
        values = rng.standard_normal((CLASSES, dim))[labels] + rng.standard_normal((ROWS, dim))
        return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)

    everything = np.ones(ROWS, dtype=bool)
    image = ModalityEmbeddings(block(12), everything)
    text = ModalityEmbeddings(np.hstack([block(8), block(5)]), everything, (8, 5))
    return ProductEmbeddings(image, text), labels


def head_of(products, representation, recipes):
    embeddings, labels = products
    training = TrainingSet(representation.embed(embeddings), labels)
    fitted = [fit_classifier(each, FitRequest(training, CLASSES), CONFIG).classifier for each in recipes]
    members = tuple(
        Member("m", representation, each, 1 / len(fitted), 0.5 + number) for number, each in enumerate(fitted)
    )
    modalities = ("image",) if isinstance(representation, SingleRepresentation) else ("image", "text")
    return Head("h", modalities, members)


def difference(head, calibrator, embeddings):
    given = {each: embeddings.modality(each).values for each in head.modalities}
    content = head_to_onnx(head, calibrator, sizes={name: each.shape[1] for name, each in given.items()})
    answers = onnxruntime.InferenceSession(content).run(None, given)[0]
    expected = np.exp(calibrator.apply(head.log_probabilities(embeddings)))
    return np.abs(answers - expected).max()


@pytest.mark.parametrize("recipe", list_recipes(CONFIG), ids=lambda each: each.kind)
def test_onnx_head_of_every_classifier_answers_alike(products, recipe):
    head = head_of(products, SingleRepresentation("image"), [recipe])
    assert difference(head, TemperatureScaling(1.3), products[0]) < 1e-5


def test_onnx_head_of_adjusted_classifiers_answers_alike(products):
    head = head_of(products, SingleRepresentation("image"), list_recipes(CONFIG))
    from smartprod.classifiers.logit_adjustment import AdjustedClassifier

    offset = np.linspace(0, 1, CLASSES, dtype=np.float32)
    members = [
        Member(each.name, each.representation, AdjustedClassifier(each.classifier, offset), each.weight, 1.0)
        for each in head.members
    ]
    assert difference(Head("h", ("image",), tuple(members)), TemperatureScaling(1.0), products[0]) < 1e-5


@pytest.mark.parametrize("normalise", ["l2", "standard", "whiten"])
def test_onnx_head_of_a_mixture_over_both_modalities_answers_alike(products, normalise):
    concat = ConcatRepresentation(1.5, fit_normaliser(products[0], normalise, seed=0))
    head = head_of(products, concat, list_recipes(CONFIG))
    weights = np.linspace(0.8, 1.2, CLASSES).astype(np.float32)
    assert difference(head, VectorScaling(weights, weights - 1), products[0]) < 1e-5
    curve = IsotonicScaling(np.asarray([0, 0.1, 0.4, 0.9, 1.0]), np.asarray([0.02, 0.02, 0.5, 0.8, 0.97]))
    assert difference(head, curve, products[0]) < 1e-5


@pytest.mark.parametrize("kind", ["gated", "cross_attention"])
def test_onnx_head_of_a_fusion_network_answers_alike(products, kind):
    embeddings, labels = products
    network = fit_fusion_network(embeddings, labels, config=getattr(FuseConfig(), kind), seed=0, epochs=1)[0]
    head = head_of(products, network, list_recipes(CONFIG)[:1])
    assert difference(head, TemperatureScaling(1.0), embeddings) < 1e-5


def test_onnx_head_of_trees_is_refused_by_name(products):
    class Trees:
        kind = "lightgbm"

    member = Member("m", SingleRepresentation("image"), Trees(), 1.0, 1.0)
    with pytest.raises(NoGraphError, match="the classifier `lightgbm`"):
        head_to_onnx(Head("image", ("image",), (member,)), None, sizes={"image": 12})


def test_onnx_export_refuses_a_part_by_name_or_leaves_it_outside(demo_run, tmp_path, monkeypatch):
    from smartprod.interchange import head_graphs

    monkeypatch.delitem(head_graphs._CLASSIFIERS, "logistic")
    with pytest.raises(ModelError, match=r"SP737.*the head image.*logistic"):
        export_onnx(demo_run.model, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    account = export_onnx(demo_run.model, tmp_path / "rest", partial=True)
    assert account.files == ("encoders/lite0.onnx", "encoders/minilm.onnx")
    assert any("the head fused, which has no ONNX form" in each for each in account.outside)


def test_onnx_export_that_answers_differently_is_refused_and_leaves_nothing(demo_run, tmp_path):
    """Weights with a huge common offset: rounding decides, and numpy and ONNX Runtime sum in different orders."""
    model = Path(shutil.copytree(demo_run.model, tmp_path / "model"))
    states = model / "heads" / "classifiers"
    name = next(states.glob("image-0*.json")).stem
    logistic = load_state(states, name)
    weight = logistic.arrays["weight"] + np.float32(1e7)
    save_state(replace(logistic, arrays={**logistic.arrays, "weight": weight}), states, name)
    write_manifest(model)
    with pytest.raises(ModelError, match=r"SP738\] the head image answers differently as an ONNX file"):
        export_onnx(model, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()
