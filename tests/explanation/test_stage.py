"""The stage `explain` on the real demo run."""

from __future__ import annotations

import numpy as np
import pytest

from smartprod.config import load_config
from smartprod.explanation import read_explanations
from smartprod.pipeline import StageContext, load_stages
from tests.contracts.check_stage import check_stage
from tests.embedded_table import LEARNING_STAGES, embedded_table

READ = ("products", "clean_text", "embedding_index", "split", "heads", "decision")


@pytest.fixture(scope="module")
def explanations(demo_run):
    """What the demo run explained."""
    return read_explanations(demo_run.run.read("explanations")).explanations


def test_stage_explains_the_surest_mistakes_of_the_test_part(demo_run, explanations):
    answers = {line["row"]: line for line in demo_run.run.read("answers").to_pylist()}
    assert len(explanations) == 3
    wrong = [answers[each.row]["truth"] != each.explained for each in explanations]
    mistakes = sum(line["answer"] not in {"", line["truth"]} for line in answers.values())
    assert sum(wrong) == min(3, mistakes)
    for each in explanations:
        assert each.explained == answers[each.row]["answer"]
        assert each.confidence == pytest.approx(answers[each.row]["confidence"], abs=0.02)


def test_stage_explains_as_the_model_folder_does(demo, explanations):
    """Before there is a model folder the answers, their reasons and the similar products are the same."""
    kept = explanations[0]
    now = demo.explain(kept.row, in_detail=False)
    assert now.confidence == pytest.approx(kept.confidence, abs=1e-4)
    assert now.base == pytest.approx(kept.base)
    assert [(each.modality, round(each.share, 4)) for each in now.modalities] == [
        (each.modality, round(each.share, 4)) for each in kept.modalities
    ]
    assert [each.product for each in now.similar] == [each.product for each in kept.similar]


def test_stage_keeps_words_photos_and_similar_products(explanations):
    with_photo = next(each for each in explanations if each.photo is not None)
    assert with_photo.photo.overlay.startswith(b"\xff\xd8")
    assert with_photo.photo.weights.shape == (8, 8)
    assert with_photo.photo.weights.dtype == np.float32
    assert any(each.words for each in explanations)
    assert all(len(each.similar) == 6 for each in explanations)
    assert any(similar.product.photo for each in explanations for similar in each.similar)


@pytest.mark.slow
def test_stage_repeats_byte_for_byte(demo_run, tmp_path):
    config = load_config(str(demo_run.run.config_path), ["report.explained_rows=1"]).config
    check_stage("explain", {name: demo_run.run.read(name) for name in READ}, config=config, folder=tmp_path)


def test_stage_asked_for_nothing_opens_no_encoder(demo_run, monkeypatch):
    monkeypatch.setattr("smartprod.model.Answerer.open", None)
    config = load_config(str(demo_run.run.config_path), ["report.explained_rows=0"]).config
    assert read_explanations(run_explain(demo_run, config)).explanations == ()


def run_explain(demo_run, config):
    stage, run = load_stages()["explain"], demo_run.run
    context = StageContext(config, stage="explain", run=run)
    inputs = {name: run.open(name) if name in stage.streams else run.read(name) for name in READ}
    return stage.function(context, **inputs)["explanations"]


def test_stage_with_encoders_other_than_the_embeddings_says_why_nothing_is_explained(tmp_path):
    table = embedded_table(tmp_path, (np.arange(40) % 4).tolist())
    made = table.learn(
        "classifier.candidates=[prototype]", "fuse.candidates=[concat]", "extract.image=[]",
        "extract.text=[hashed-words]", "report.explained_rows=2", stages=(*LEARNING_STAGES, "explain"),
    )  # fmt: skip
    kept = read_explanations(made["explanations"])
    assert kept.explanations == ()
    assert kept.reason.startswith(
        "No answer could be explained: the model was trained with the image encoder"
    )
