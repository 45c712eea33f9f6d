from __future__ import annotations

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import import_torchvision, load_encoder
from smartprod.errors import EncoderError
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


def test_text_models_without_a_tokenizer_of_transformers_is_refused(tmp_path):
    import_torchvision()
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    words = Tokenizer(WordLevel({"red": 0, "[UNK]": 1}, unk_token="[UNK]"))
    SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=4)]).save(str(tmp_path / "static"))
    (tmp_path / "static/config.json").write_text('{"model_type": "model2vec"}')
    with pytest.raises(EncoderError, match=r"SP411(.|\n)*no transformers tokenizer"):
        load_encoder(
            f"sentence-transformers:{tmp_path / 'static'}", modality="text", config=ExtractConfig(), threads=1
        )
