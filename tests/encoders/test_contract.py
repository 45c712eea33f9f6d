from __future__ import annotations

import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import ImageEncoder, TextEncoder, load_encoder
from tests.contracts.check_encoder import check_fingerprint_is_stable, check_image_encoder, check_text_encoder


@pytest.fixture
def image_names(timm_folder, beit_folder):
    return {"lite0": "lite0", "timm": f"timm:{timm_folder}", "beit": f"transformers-image:{beit_folder}"}


@pytest.fixture
def text_names(bert_folder, sentence_folder):
    return {
        "minilm": "minilm",
        "transformers": f"transformers-text:{bert_folder}",
        "sentence-transformers": f"sentence-transformers:{sentence_folder}",
    }


@pytest.mark.parametrize("runtime", ["auto", "torch"])
@pytest.mark.parametrize("kind", ["lite0", "timm", "beit"])
def test_contract_is_kept_by_image_encoders(image_names, kind, runtime):
    config = ExtractConfig(runtime=runtime)
    encoder = load_encoder(image_names[kind], modality="image", config=config, threads=1)
    assert isinstance(encoder, ImageEncoder)
    check_image_encoder(encoder)


@pytest.mark.parametrize("kind", ["minilm", "transformers", "sentence-transformers"])
def test_contract_is_kept_by_text_encoders(text_names, kind):
    config = ExtractConfig(text_batch_size=3)
    encoder = load_encoder(text_names[kind], modality="text", config=config, threads=1)
    assert isinstance(encoder, TextEncoder)
    check_text_encoder(encoder)


@pytest.mark.parametrize("kind", ["lite0", "timm", "beit"])
def test_contract_image_fingerprints_are_stable(image_names, kind):
    check_fingerprint_is_stable(
        lambda: load_encoder(image_names[kind], modality="image", config=ExtractConfig(), threads=1)
    )


@pytest.mark.parametrize("kind", ["minilm", "transformers", "sentence-transformers"])
def test_contract_text_fingerprints_are_stable(text_names, kind):
    check_fingerprint_is_stable(
        lambda: load_encoder(text_names[kind], modality="text", config=ExtractConfig(), threads=1)
    )
