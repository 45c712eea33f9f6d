"""Words of a text, with an NLTK tokeniser that needs no data download; and of the name of an attribute."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nltk.tokenize import RegexpTokenizer

# Letters with their marks and joiners, digits; an apostrophe or hyphen inside a word belongs to it; numbers keep
# their decimal sign, so that "4.5-inch" gives "4.5" and "inch".
_WORD = r"\d+(?:[.,]\d+)+|\d+|[^\W\d_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u200c\u200d]|['’\-](?=[^\W\d_]))*"
# An upper-case run before a capitalised word ("USBPort"), a word, a number, or letters without ASCII case.
_KEY_PART = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_KEY_WORD = r"[^\W_]+"


def tokenize_words(text: str) -> list[str]:
    """Split text into lower-case words and numbers; punctuation is left out.

    Scripts without spaces between words, such as Chinese, give runs of letters.
    """
    return [word.lower() for word in _word_tokenizer().tokenize(text)]


@cache
def _word_tokenizer() -> RegexpTokenizer:
    from nltk.tokenize import RegexpTokenizer  # its import takes two seconds, so that cleaning does without

    return RegexpTokenizer(_WORD)


def tokenize_key(key: str) -> list[str]:
    """Split a name such as `brandName`, `USBPort`, `sleeve_length` or `care-label` into lower-case words."""
    words: list[str] = []
    for word in _pattern(_KEY_WORD).findall(key):
        # Case parts a word only where upper and lower case are plain to tell: "Größe" is one word.
        words.extend(_pattern(_KEY_PART).findall(word) if word.isascii() else [word])
    return [word.lower() for word in words]


@cache
def _pattern(pattern: str) -> Any:
    import regex  # what NLTK matches with; Python's `re` parts words at the vowel signs of Indian scripts

    return regex.compile(pattern)
