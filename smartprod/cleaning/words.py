"""Words of a text, with NLTK tokenisers that need no data download."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tokenize import RegexpTokenizer

# Letters with their marks and joiners, digits; an apostrophe or hyphen inside a word belongs to it; numbers keep
# their decimal sign, so that "4.5-inch" gives "4.5" and "inch".
_WORD = r"\d+(?:[.,]\d+)+|\d+|[^\W\d_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u200c\u200d]|['’\-](?=[^\W\d_]))*"
# An upper-case run before a capitalised word ("USBPort"), a word, a number, or letters without ASCII case.
_KEY_PART = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"


def tokenize_words(text: str) -> list[str]:
    """Split text into lower-case words and numbers; punctuation is left out.

    Scripts without spaces between words, such as Chinese, give runs of letters.
    """
    return [word.lower() for word in _tokenizer(_WORD).tokenize(text)]


def tokenize_key(key: str) -> list[str]:
    """Split a name such as `brandName`, `USBPort`, `sleeve_length` or `care-label` into lower-case words."""
    words: list[str] = []
    for word in _tokenizer(r"[^\W_]+").tokenize(key):
        # Case parts a word only where upper and lower case are plain to tell: "Größe" is one word.
        words.extend(_tokenizer(_KEY_PART).tokenize(word) if word.isascii() else [word])
    return [word.lower() for word in words]


@cache
def _tokenizer(pattern: str) -> RegexpTokenizer:
    from nltk.tokenize import RegexpTokenizer

    return RegexpTokenizer(pattern)
