from __future__ import annotations

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import int8, linear_layers, load_encoder
from smartprod.encoders.texts import TextModel
from smartprod.errors import EncoderError
from tests.contracts.check_encoder import TEXTS


def open_text(name, precision):
    config = ExtractConfig(text_precision=precision)
    return load_encoder(name, modality="text", config=config, threads=1)


def test_int8_minilm_stays_near_full_precision():
    full, whole = (open_text("minilm", precision).encode(TEXTS) for precision in ("full", "int8"))
    assert (full * whole).sum(1).min() > 0.995
    assert not np.array_equal(full, whole)


def test_int8_has_a_weights_hash_and_a_fingerprint_of_its_own():
    full, whole = (open_text("minilm", precision) for precision in ("full", "int8"))
    assert full.weights_hash != whole.weights_hash
    assert full.fingerprint != whole.fingerprint
    assert (full.name, full.dim) == (whole.name, whole.dim)


def test_int8_without_the_instructions_gives_the_same_embeddings(monkeypatch):
    fast = open_text("minilm", "int8").encode(TEXTS)
    monkeypatch.setattr(linear_layers, "int8_pays", lambda: False)
    np.testing.assert_allclose(open_text("minilm", "int8").encode(TEXTS), fast, atol=1e-6)


def test_int8_on_a_graphics_card_is_refused(monkeypatch):
    monkeypatch.setenv("SMARTPROD_DEVICE", "meta")
    with pytest.raises(EncoderError, match="SMARTPROD_DEVICE=cpu") as caught:
        open_text("minilm", "int8")
    assert caught.value.code == "SP480"


def test_int8_of_a_model_without_linear_layers_is_refused(bert_folder):
    import torch
    from transformers import AutoTokenizer

    class Bag(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(100, 16)

        def forward(self, inputs):
            return self.words(inputs["input_ids"]).mean(1)

    tokenizer = AutoTokenizer.from_pretrained(bert_folder)
    model = TextModel(name="bag", weights_hash="0", tokenizer=tokenizer, module=Bag(), max_tokens=40)
    with pytest.raises(EncoderError, match="no linear layers") as caught:
        int8.to_int8(model, threads=1)
    assert caught.value.code == "SP481"


def test_int8_that_loses_too_much_is_refused_with_the_cosine(monkeypatch, bert_folder):
    monkeypatch.setattr(int8, "MINIMUM_AGREEMENT", 1.1)
    with pytest.raises(EncoderError, match=r"cosine to full precision [01]\.") as caught:
        open_text(f"transformers-text:{bert_folder}", "int8")
    assert caught.value.code == "SP482"
