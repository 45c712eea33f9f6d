from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder
from smartprod.encoders.texts import TOKENS_PER_STEP, _cut, _padded_length
from tests.contracts.check_encoder import TEXTS

words = st.sampled_from(
    ["red", "a", ".", "x,y", "w" * 150, "unaffably", "é", "e\u0301", "茶壶", "🫖", "\n", "t-shirt"]
)
gaps = st.sampled_from([" ", " ", " ", "  ", "\n", " \u0301", "\t", ""])
long_texts = st.lists(st.tuples(words, gaps), max_size=700).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


@pytest.fixture(scope="module")
def minilm():
    return load_encoder("minilm", modality="text", config=ExtractConfig(), threads=1)


def whole_ids(encoder, text):
    return encoder._tokenizer(text, truncation=True, max_length=encoder.max_tokens)["input_ids"]


@pytest.mark.parametrize("text", [*TEXTS, "red " * 900, "r" * 390 + " blue" * 900, "  ".join(["x"] * 2_000)])
def test_texts_cut_before_tokenising_keep_their_ids(minilm, text):
    (ids,) = minilm._tokenise([text])
    assert ids == whole_ids(minilm, text)


@settings(max_examples=150, deadline=None)
@given(st.one_of(long_texts, st.text()), st.integers(1, 40))
def test_texts_cut_anywhere_keep_their_ids(minilm, text, repeats):
    (ids,) = minilm._tokenise([text * repeats])
    assert ids == whole_ids(minilm, text * repeats)


def test_texts_are_cut_between_words_or_not_at_all():
    assert _cut("one two three", 9) == "one two"
    assert _cut("one    two", 6) == "one"
    assert _cut("onetwothree", 5) == "onetwothree"
    assert _cut(" onetwothree", 5) == " onetwothree"
    assert _cut("short", 5) == "short"


@pytest.mark.parametrize(
    ("count", "length"), [(0, 8), (1, 8), (8, 8), (9, 16), (249, 250), (250, 250), (41, 48)]
)
def test_texts_padded_length_follows_from_the_number_of_tokens(count, length):
    assert _padded_length(count, max_tokens=250) == length


def test_texts_of_one_length_share_steps_and_each_has_its_place(minilm):
    counts = np.random.default_rng(0).integers(1, 257, 500).tolist()
    steps = list(minilm._steps(counts))
    assert sorted(i for _, chosen in steps for i in chosen) == list(range(500))
    assert all({_padded_length(counts[i], 256) for i in chosen} == {length} for length, chosen in steps)
    assert max(length * len(chosen) for length, chosen in steps) <= TOKENS_PER_STEP
    assert [length for length, _ in steps] == sorted((length for length, _ in steps), reverse=True)


def test_texts_that_are_equal_are_computed_once(minilm, monkeypatch):
    computed = []
    embed = minilm._embed
    monkeypatch.setattr(
        minilm, "_embed", lambda tokens, length: computed.extend(tokens) or embed(tokens, length)
    )
    embeddings = minilm.encode(["red shirt", "blue kettle", "red shirt", "red shirt"])
    assert len(computed) == 2
    np.testing.assert_array_equal(embeddings[[0, 0]], embeddings[2:])
