from __future__ import annotations

import numpy as np
import pytest

from smartprod.encoders.hashed_words import HashedWordsEncoder


@pytest.fixture(scope="module")
def encoder() -> HashedWordsEncoder:
    return HashedWordsEncoder()


def cosine(encoder, first, second) -> float:
    return float(np.multiply(*encoder.encode([first, second])).sum())


def test_hashed_words_of_one_text_have_length_one(encoder):
    texts = ["red cotton t-shirt", "x", "\u8336\u58f6", "\U0001fad6", "a " * 9_000]
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(texts), axis=1), 1, rtol=1e-5)


def test_hashed_words_see_shared_words_and_pieces(encoder):
    kettle = "electric steel kettle 1.7 litres"
    same, pieces, other = (
        cosine(encoder, kettle, text)
        for text in ("steel kettle 1.7 litres, electric", "electrical kettles, 2 litres", "blue denim jacket")
    )
    assert same > 0.7
    assert 0.7 > pieces > 0.15
    assert abs(other) < 0.15


def test_hashed_words_keep_the_cosines_of_the_bags_of_words(encoder):
    """Two long texts of which half of the words are shared are about half alike, in spite of the hashing."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghij"), 8)) for _ in range(150)]
    found = cosine(encoder, " ".join(words[:100]), " ".join(words[50:]))
    assert found == pytest.approx(0.5, abs=0.1)


def test_hashed_words_a_repeated_word_counts_less_each_time(encoder):
    once, often = (cosine(encoder, "kettle", "kettle " * count + "jacket") for count in (1, 9))
    assert once < often < 9 * once


def test_hashed_words_are_the_same_everywhere(encoder):
    """An embedding is stored under a fingerprint for ever: it must not change with a version of the library."""
    embedding = encoder.encode(["Steel kettle"])[0]
    assert np.count_nonzero(embedding) == 29
    assert np.argsort(-np.abs(embedding), kind="stable")[:3].tolist() == [900, 143, 830]
