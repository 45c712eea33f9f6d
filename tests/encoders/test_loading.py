from __future__ import annotations

import os

import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import encoder_identity, list_encoders, load_encoder
from smartprod.encoders.specs import parse_spec
from smartprod.errors import EncoderError, UsageError


def open_image(name):
    return load_encoder(name, modality="image", config=ExtractConfig(), threads=1)


def test_loading_lists_embedded_encoders_first_and_says_what_works_offline():
    entries = list_encoders()
    assert [entry.name for entry in entries[:2]] == ["lite0", "minilm"]
    assert all(entry.offline == (entry.source in {"embedded", "hashed"}) for entry in entries)


@pytest.mark.parametrize("name", ["lite0", "minilm", "hashed-words"])
def test_loading_lists_the_true_dimension(name):
    entry = next(entry for entry in list_encoders() if entry.name == name)
    encoder = load_encoder(name, modality=entry.modality, config=ExtractConfig(), threads=1)
    assert encoder.dim == entry.dim


def test_loading_unknown_name_offers_the_closest_and_all_forms():
    with pytest.raises(UsageError, match="Did you mean 'lite0'") as caught:
        open_image("lit0")
    assert caught.value.code == "SP401"
    assert "timm:<model>[@revision]" in str(caught.value)


def test_loading_unknown_kind_offers_the_closest_kind():
    with pytest.raises(UsageError, match="Did you mean 'transformers-image'"):
        open_image("transformer-image:some/model")


def test_loading_unknown_timm_model_offers_the_closest():
    with pytest.raises(UsageError, match=r"(?s)SP413.*resnet18"):
        open_image("timm:resnet188")


def test_loading_encoder_of_the_other_modality_is_refused():
    with pytest.raises(UsageError, match=r"extract\.text") as caught:
        open_image("minilm")
    assert caught.value.code == "SP412"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("beit", "microsoft/beit-base-patch16-224-pt22k-ft22k"),
        ("timm:resnet18.a1_in1k@abc123", "timm/resnet18.a1_in1k@abc123"),
        ("transformers-image:some/model", "some/model"),
    ],
)
def test_loading_hub_model_offline_names_what_is_missing(name, wanted):
    with pytest.raises(EncoderError, match=wanted) as caught:
        open_image(name)
    assert caught.value.code == "SP403"
    assert "network is off" in str(caught.value)


def test_loading_spec_with_revision_and_folder(tmp_path):
    spec = parse_spec("transformers-text:org/name@v1.2")
    assert (spec.location, spec.revision, spec.needs_hub) == ("org/name", "v1.2", True)
    spec = parse_spec(f"sentence-transformers:{tmp_path}")
    assert (spec.folder, spec.revision, spec.needs_hub) == (tmp_path, None, False)


def test_loading_identity_of_a_folder_changes_with_its_files(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "README.md").write_text("no matter")
    name = f"timm:{tmp_path}"
    before = encoder_identity(name)
    (tmp_path / "README.md").write_text("other words")
    assert encoder_identity(name) == before
    os.utime(tmp_path / "model.safetensors", ns=(1, 1))
    assert encoder_identity(name) != before


def test_loading_identity_names_revision_of_hub_models():
    assert encoder_identity("transformers-text:org/name@v1.2").endswith("org/name:v1.2")
    assert "5793442" in encoder_identity("lite0")
