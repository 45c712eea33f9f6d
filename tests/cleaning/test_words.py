from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.cleaning import tokenize_words
from smartprod.cleaning.words import tokenize_key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Don't wash: 4.5-inch T-Shirt, 1,000 pcs!",
            ["don't", "wash", "4.5", "inch", "t-shirt", "1,000", "pcs"],
        ),
        ("Größe Привет 中文", ["größe", "привет", "中文"]),
        ("", []),
        ("--- ??", []),
    ],
)
def test_words_are_lower_case_without_punctuation(text, words):
    assert tokenize_words(text) == words


@settings(deadline=None)  # the first call imports NLTK
@given(st.text())
def test_words_of_any_text_stand_in_it(text):
    assert all(word in text.lower() for word in tokenize_words(text) if word.isascii())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("brandName", ["brand", "name"]),
        ("USBPorts", ["usb", "ports"]),
        ("sleeve_length", ["sleeve", "length"]),
        ("care-label", ["care", "label"]),
        ("Height (cm)", ["height", "cm"]),
        ("Größe", ["größe"]),
        ("Цвет_товара", ["цвет", "товара"]),
        ("रंग_कोड", ["रंग", "कोड"]),
        ("颜色", ["颜色"]),
    ],
)
def test_words_of_a_key_in_any_spelling(key, words):
    assert tokenize_key(key) == words
