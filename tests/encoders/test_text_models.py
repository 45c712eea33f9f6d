from __future__ import annotations

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder
from smartprod.encoders.texts import _cut
from tests.contracts.check_encoder import TEXTS


def open_text(name, batch_size=32):
    return load_encoder(name, modality="text", config=ExtractConfig(text_batch_size=batch_size), threads=1)


def test_text_models_sentence_folder_equals_its_own_library(sentence_folder):
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(sentence_folder), device="cpu").encode(list(TEXTS))
    encoder = open_text(f"sentence-transformers:{sentence_folder}", batch_size=2)
    assert encoder.max_tokens == 24
    np.testing.assert_allclose(encoder.encode(TEXTS), reference, atol=1e-5)


def test_text_models_plain_transformers_give_the_mean_of_their_tokens(bert_folder):
    import torch
    from transformers import AutoTokenizer, BertModel

    tokenizer, model = (
        AutoTokenizer.from_pretrained(bert_folder),
        BertModel.from_pretrained(bert_folder).eval(),
    )
    encoder = open_text(f"transformers-text:{bert_folder}")
    assert encoder.max_tokens == 40
    for text, embedding in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        tokens = tokenizer(text, truncation=True, max_length=40, return_tensors="pt")
        with torch.inference_mode():
            expected = model(**tokens).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(embedding, expected, atol=1e-5)


@pytest.mark.parametrize("text", [*TEXTS, "red " * 900, "r" * 390 + " blue" * 900, "  ".join(["x"] * 2_000)])
def test_text_models_cutting_before_tokenising_leaves_the_ids_alone(bert_folder, text):
    encoder = open_text(f"transformers-text:{bert_folder}")
    (ids,) = encoder._tokenise([text])
    assert ids == encoder._tokenizer(text, truncation=True, max_length=40)["input_ids"]


def test_text_models_cut_is_at_a_space_where_there_is_one():
    assert _cut("one two three", 9) == "one two"
    assert _cut("onetwothree", 5) == "onetw"
    assert _cut("short", 5) == "short"
