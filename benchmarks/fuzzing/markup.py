"""HTML fragments and attribute dictionaries as shops export them, and worse."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from .case import case_random

_TAGS = ("p", "div", "b", "i", "ul", "li", "table", "tr", "td", "th", "span", "a", "h1", "br", "dl", "dt", "dd", "svg",
         "script", "style", "template", "noscript", "iframe", "title", "textarea", "select", "math", "plaintext",
         "frameset", "body", "html", "x-y", "img", "input", "object", "video", "form", "button", "font", "nobr")  # fmt: skip
_WORDS = ("cotton", "shirt", "42", "5 < 6", "a&b", "größe", "размер", "サイズ", "مقاس", "👟", "e\u0301", "\u200b", "\u202e",
          "\xa0", "\ufeff", "ﬁ", "\u0000", "\x1b[31m", "\x85", "\u2028", "\ufffe", "\U0001f468\u200d\U0001f469")  # fmt: skip
_ENTITIES = ("&amp;", "&lt;b&gt;", "&amp;amp;lt;", "&nbsp;", "&#0;", "&#x110000;", "&#xD800;", "&#1;", "&bogus;", "&#", "&",
             "&#99999999999;", "&NotEqualTilde;", "&ampamp", "&lt;script&gt;x&lt;/script&gt;")  # fmt: skip
_ODD = ("<!-- no end", "<!-->", "<!--->", "<![CDATA[ x ]]>", "<![CDATA[", "]]>", "<!DOCTYPE html>", "<?php echo 1 ?>", "<",
        "<>", "</>", "< p>", "<p", "</p", "<p a='", '<p a="', "<p a=>", "<p/>", "<script/>", "<script>", "</script>",
        "<script>if (a<b) '</b>'", "<style>p{", "<br/ >", "<p hidden>", "<div style='display:none'>", "<noscript><p>",
        "\\n\\r\\t", "\r\n", "\r", "<a href=javascript:alert(1)>", "<img src=x onerror=1>", "<\x00p>", "<p\x00>")  # fmt: skip
_SURROGATES = ("\ud800", "\udfff", "\ud83d", "\udcff")


def html_case(seed: int) -> str:
    """Write the fragment of a seed; it may hold lone surrogates."""
    chance = case_random("html", seed)
    if chance.random() < 0.06:
        return _bulk(chance)
    pieces = [_piece(chance) for _ in range(chance.choice((1, 3, 10, 40, 200)))]
    text = "".join(pieces)
    match chance.randrange(12):
        case 0:
            text = text.encode("utf-8", "surrogatepass").decode("latin-1")  # read with the wrong encoding
        case 1:
            text = text.encode("utf-8", "surrogatepass").decode("cp1251", "replace")
        case 2:
            text = text.replace("<", "&lt;").replace(">", "&gt;")
        case 3:
            start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            text = text[:start] + text[end:]
        case 4:
            text = text.upper()
    return text


def _piece(chance: random.Random) -> str:
    return chance.choice(_PIECES)(chance)


def _attribute(chance: random.Random) -> str:
    value = chance.choice(('"x"', "'x'", "x", '"', "'", "", "'a<b>'", '"' + "y" * 300 + '"'))
    return f"<{chance.choice(_TAGS)} {chance.choice(('class', 'style', 'hidden', 'on', '='))}={value}>"


_PIECES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: f"<{chance.choice(_TAGS)}>",
    lambda chance: f"<{chance.choice(_TAGS)}>",
    lambda chance: f"</{chance.choice(_TAGS)}>",
    _attribute,
    lambda chance: chance.choice(_ENTITIES),
    lambda chance: chance.choice(_ODD),
    lambda chance: chance.choice(_SURROGATES) if chance.random() < 0.1 else chance.choice(_WORDS),
    lambda chance: chance.choice(_WORDS) + chance.choice(("", " ", "\n")),
)


def _bulk(chance: random.Random) -> str:
    """Write much of one thing: nesting, attributes, entities, text without an end."""
    tag, count = chance.choice(_TAGS), chance.choice((1_000, 20_000, 100_000))
    return chance.choice(
        (
            f"<{tag}>" * count + "deep" + f"</{tag}>" * count,
            f"<{tag}>" * count,
            f"<{tag} " + " ".join(f"a{number}='x'" for number in range(count)) + ">wide",
            f"<p title='{'x' * (10 * count)}'>huge",
            "&amp;" * count + "&lt;" * count,
            "<" * count,
            "<!--" * count,
            "&lt;" * count + "p&gt;",
            "<![CDATA[" * count,
            f"<{tag} style='display:none'>" * min(count, 20_000) + "hidden",
            "<p a='" * count,
            "x" * (10 * count),
            "<b><i></b></i>" * count,
            f"</{tag}>" * count,
            "e\u0301\u0301" * count,
            "\u200d" * count + "x",
        )
    )  # fmt: skip


CANARY = "smartprod-fuzz-canary"
"""A file that code in an attribute would make; it must never be there."""

_CODE = (
    f"__import__('os').system('touch {CANARY}')", f"open('{CANARY}', 'w')", f"{{'a': __import__('pathlib').Path('{CANARY}').touch()}}",
    "{'a': ().__class__.__bases__[0].__subclasses__()}", "{'a': (lambda: 1)()}", "{**{'a': 1}}", "{'a': [x for x in (1,)]}",
    "{'a': f'{1}'}", "{'a': 1 if 1 else 2}", "{'a': 9**9**9}", "{'a': 'x' * 10**9}", "{'a': -'x'}", "{'a': --True}", "{'a': 1+2j}",
)  # fmt: skip


def attributes_case(seed: int) -> str:
    """Write the attributes cell of a seed."""
    chance = case_random("attributes", seed)
    match chance.randrange(10):
        case 0:
            return chance.choice(_CODE)
        case 1:
            return _large(chance)
        case 2:
            return chance.choice(
                (
                    "",
                    " ",
                    "nan",
                    "None",
                    "{}",
                    "[]",
                    "null",
                    "{",
                    "}",
                    "{'a'}",
                    "'{}'",
                    "{1: 2}",
                    "{None: None}",
                    "{,}",
                )
            )
    value = {chance.choice(_KEYS): _value(chance, 0) for _ in range(chance.choice((0, 1, 3, 12)))}
    try:
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5) if chance.random() < 0.5 else repr(value)
    except TypeError:  # sets and bytes: no JSON
        text = repr(value)
    return chance.choice(_TEXT_DAMAGE)(chance, text)


_KEYS = (
    "colour",
    "Größe",
    "sizeChart",
    "a_b-c",
    "",
    " ",
    "<b>x</b>",
    "__class__",
    "\u0000",
    "k" * 500,
    "名前",
    "name",
    "value",
    "\ud800",
)


def _value(chance: random.Random, depth: int) -> object:
    kinds: tuple[Callable[[], object], ...] = (
        lambda: chance.choice(_WORDS),
        lambda: chance.choice((0, -1, 2**63, 10**400, True, False, None)),
        lambda: chance.choice((0.5, float("nan"), float("inf"), -0.0, 1e308)),
        lambda: chance.choice((b"bytes", b"\xff\xfe", {1, 2}, frozenset((1,)), (1, "x"), ..., 1j)),
        lambda: html_case(chance.getrandbits(32))[:500],
        lambda: [_value(chance, depth + 1) for _ in range(chance.randrange(4))] if depth < 6 else "deep",
        lambda: (
            {chance.choice(_KEYS): _value(chance, depth + 1) for _ in range(chance.randrange(4))}
            if depth < 6
            else {}
        ),
        lambda: [{"name": chance.choice(_WORDS), "value": _value(chance, depth + 1)}] if depth < 6 else [],
    )
    return chance.choice(kinds)()


def _large(chance: random.Random) -> str:
    count = chance.choice((50, 1_000, 100_000))
    return chance.choice(
        (
            '{"a":' * count + "1" + "}" * count,
            '{"a":' + "[" * count + "]" * count + "}",
            "{'a':" * count,
            "{'a': " + "-" * count + "1}",
            "{'a': " + "(" * count + ")" * count + "}",
            '{"a": ' + "9" * count + "}",
            "{'a': " + "9" * count + "}",
            "{'a': 0x" + "f" * count + "}",
            "{'a': '" + "x" * (3 * count) + "'}",
            "{" + ", ".join(f"'k{number}': {number}" for number in range(count // 10)) + "}",
            "{'a': " + "not " * count + "1}",
            "{'a': 1" + " + 1" * count + "}",
            "{'a': 'x'" + " 'x'" * count + "}",
            '{"a": "' + "\\ud800" * count + '"}',
            "{'a': '\\N{DIGIT ONE}" + "\\x41" * count + "'}",
        )
    )  # fmt: skip


def _cut_text(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _put_in(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return (
        text[:place]
        + chance.choice(("'", '"', "{", "}", "\\", "\0", ",", ":", "\n", "#", "nan", "\ud800", "0", "_"))
        + text[place:]
    )


def _double_escape(chance: random.Random, text: str) -> str:
    del chance
    return json.dumps(text)


def _swap_quotes(chance: random.Random, text: str) -> str:
    del chance
    return text.replace("'", '"')


def _leave(chance: random.Random, text: str) -> str:
    del chance
    return text


_TEXT_DAMAGE = (_leave, _leave, _cut_text, _put_in, _put_in, _double_escape, _swap_quotes)
