from __future__ import annotations

import ast
import json
from random import Random

from smartprod.demo.markup import SHOPS, only_markup
from smartprod.demo.texts import write_attributes, write_text
from smartprod.demo.wording import WORDINGS

SENTENCES = ["Grand Café blend & more.", "Second sentence.", "Third – sentence."]


def test_markup_shops_all_keep_the_words_and_most_write_tags():
    pages = [shop(SENTENCES, {"colour": "red"}, Random(0)) for shop in SHOPS]
    assert len(set(pages)) == len(SHOPS) >= 6
    assert all("Second sentence." in page for page in pages)
    assert sum("<" in page for page in pages) == len(SHOPS) - 1
    together = "".join(pages)
    for sign in (
        "&eacute;",
        "&amp;",
        "&nbsp;",
        "&ndash;",
        "<table",
        "<ul>",
        "<style>",
        "<script>",
        "<!--",
        "style=",
    ):
        assert sign in together


def test_markup_only_has_no_words_outside_tags():
    for seed in range(12):
        assert only_markup(Random(seed)).startswith("<")


def test_texts_attributes_come_in_every_spelling():
    spellings = set()
    for seed in range(80):
        text = write_attributes({"colour": "red", "brand": "Orvik"}, Random(seed))
        try:
            spellings.add(type(json.loads(text)).__name__ + " json")
        except ValueError:
            try:
                spellings.add(type(ast.literal_eval(text)).__name__ + " python")
            except (ValueError, SyntaxError):
                spellings.add("malformed" if text else "nothing")
    assert spellings == {"dict json", "dict python", "NoneType python", "malformed", "nothing"}


def test_texts_of_look_alikes_always_tell_which_one_it_is():
    for leaf in ("Shampoo", "Conditioner", "Body lotion", "Green tea", "Black tea"):
        for seed in range(30):
            text = write_text(leaf, "red", "", siblings=("Mug",), told=True, rng=Random(seed))
            said = f"{text.title} {text.description}".lower()
            assert any(noun.lower() in said for noun in WORDINGS[leaf].nouns)


def test_texts_of_the_catalogue_speak_several_languages(small_catalogue):
    text = "".join(row["description"] + row["title"] for row in small_catalogue.products)
    assert any("а" <= char <= "я" for char in text)
    assert any("一" <= char <= "鿿" for char in text)
    assert any(ord(char) > 0x1F300 for char in text)
    assert "&oacute;" in text or "&ntilde;" in text or "ó" in text
