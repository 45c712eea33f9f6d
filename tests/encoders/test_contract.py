from __future__ import annotations

import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import ImageEncoder, TextEncoder, load_encoder
from smartprod.encoders.device import choose_device
from tests.contracts.check_encoder import (
    check_fingerprint_is_stable,
    check_image_encoder,
    check_text_alone_decides,
    check_text_encoder,
)

TEXT_KINDS = ["minilm", "transformers", "sentence-transformers", "hashed-words"]


@pytest.fixture
def image_names(timm_folder, beit_folder):
    return {"lite0": "lite0", "timm": f"timm:{timm_folder}", "beit": f"transformers-image:{beit_folder}"}


@pytest.fixture
def text_names(bert_folder, sentence_folder):
    return {
        "minilm": "minilm",
        "hashed-words": "hashed-words",
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


@pytest.mark.parametrize("runtime", ["auto", "torch"])
@pytest.mark.parametrize(
    ("kind", "views", "layers"),
    [
        ("lite0", "five_crops", "several"),
        ("timm", "flip", "several"),
        ("timm", "five_crops", "final"),
        ("beit", "five_crops", "final"),
    ],
)
def test_contract_is_kept_with_several_views_and_layers(image_names, kind, views, layers, runtime):
    config = ExtractConfig(runtime=runtime, views=views, layers=layers)
    check_image_encoder(load_encoder(image_names[kind], modality="image", config=config, threads=1))


def open_text(name, *, precision="full", batch_size=32, threads=1):
    config = ExtractConfig(text_batch_size=batch_size, text_precision=precision)
    return load_encoder(name, modality="text", config=config, threads=threads)


@pytest.mark.parametrize("precision", ["full", "int8"])
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_contract_is_kept_by_text_encoders(text_names, kind, precision):
    encoder = open_text(text_names[kind], precision=precision, batch_size=3)
    assert isinstance(encoder, TextEncoder)
    check_text_encoder(encoder)


@pytest.mark.skipif(not choose_device().is_cpu, reason="bit for bit on processors only")
@pytest.mark.parametrize("precision", ["full", "int8"])
@pytest.mark.parametrize("kind", [pytest.param("minilm", marks=pytest.mark.slow), *TEXT_KINDS[1:]])
def test_contract_a_text_alone_decides_its_embedding(text_names, kind, precision):
    opened = [
        open_text(text_names[kind], precision=precision, batch_size=batch_size, threads=threads)
        for batch_size, threads in [(32, 1), (5, 2), (1, 2)]
    ]
    check_text_alone_decides(opened)


@pytest.mark.parametrize("kind", ["lite0", "timm", "beit"])
def test_contract_image_fingerprints_are_stable(image_names, kind):
    check_fingerprint_is_stable(
        lambda: load_encoder(image_names[kind], modality="image", config=ExtractConfig(), threads=1)
    )


@pytest.mark.parametrize("precision", ["full", "int8"])
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_contract_text_fingerprints_are_stable(text_names, kind, precision):
    check_fingerprint_is_stable(lambda: open_text(text_names[kind], precision=precision))
