from __future__ import annotations

import stat

import pytest

import smartprod
from smartprod.errors import ModelError, UsageError
from smartprod.model import Answerer, load_model


def test_loading_gives_what_was_saved(demo_run):
    model = load_model(demo_run.model)
    assert model.record.smartprod == smartprod.__version__
    assert model.record.run == "demo"
    assert model.record.classes == len(model.classes) == 28
    assert [(each.name, each.modality, each.dim) for each in model.record.encoders] == [
        ("lite0", "image", 1280),
        ("minilm", "text", 384),
        ("hashed-words", "text", 1024),
    ]
    assert model.config.decide.target_accuracy == 0.8
    assert set(model.decider.head_set.heads) == {"image", "text", "fused"}


def test_loading_model_holds_nothing_of_the_machine_that_trained(demo_run):
    record = (demo_run.model / "model.yaml").read_text()
    assert str(demo_run.catalogue) not in record
    assert str(demo_run.run.root.parent) not in record
    assert load_model(demo_run.model).config.run.threads is None


def test_loading_model_is_made_of_open_formats_that_everybody_may_read(demo_run):
    files = [path for path in demo_run.model.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".txt", ".yaml", ".md", ".parquet"}
    assert len({stat.S_IMODE(path.stat().st_mode) for path in files}) == 1


def test_loading_unknown_format_names_the_version_that_saved_it(edit_record):
    folder = edit_record(lambda document: document.update(format=99, smartprod="9.9"))
    with pytest.raises(ModelError, match=r"SP716(.|\n)*format 99(.|\n)*9\.9"):
        load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("classes"),
        lambda document: document["encoders"][0].pop("dim"),
        lambda document: document["config"].update(unknown_section={}),
        lambda document: document["config"]["score"].update(top_k=0),
    ],
    ids=["no classes", "no dim", "unknown section", "wrong value"],
)
def test_loading_record_that_this_version_cannot_read_is_refused(edit_record, change):
    with pytest.raises(ModelError, match=r"SP717"):
        load_model(edit_record(change))


def test_loading_altered_weights_are_refused_before_anything_is_read(model_copy):
    path = next(model_copy.rglob("fused-*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"SP713(.|\n)*{path.name}"):
        load_model(model_copy)


def test_loading_other_encoder_weights_are_refused_by_both_names(edit_record):
    def change(document):
        document["encoders"][0].update(name="lite1", weights_hash="f" * 64)

    model = load_model(edit_record(change))
    with pytest.raises(ModelError, match=r"SP718(.|\n)*lite1(.|\n)*ffff(.|\n)*lite0"):
        Answerer.open(model)


def test_loading_lacking_encoder_is_refused(edit_record):
    model = load_model(edit_record(lambda document: document["config"]["extract"].update(text=[])))
    with pytest.raises(ModelError, match=r"SP718(.|\n)*minilm(.|\n)*no encoder"):
        Answerer.open(model)


def test_loading_model_trained_in_full_refuses_texts_in_int8(edit_record):
    model = load_model(
        edit_record(lambda document: document["config"]["extract"].update(text_precision="int8"))
    )
    with pytest.raises(ModelError, match=r"SP718(.|\n)*minilm(.|\n)*minilm"):
        Answerer.open(model)


def test_loading_other_precision_of_the_same_weights_is_accepted(edit_record):
    def change(document):
        document["encoders"][0]["fingerprint"] = "0" * 64

    Answerer.open(load_model(edit_record(change))).close()


def test_loading_unknown_mode_is_a_usage_error_with_the_choices(demo_run):
    with pytest.raises(UsageError, match=r"SP719(.|\n)*cheapest-first"):
        load_model(demo_run.model).decider_for("quickest")
