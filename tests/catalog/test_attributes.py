from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog import parse_attributes


@pytest.mark.parametrize("raw", [None, "", "  ", "{}", "[]", "nan", "NaN", "None", "NULL", "null"])
def test_parse_attributes_nothing_given_is_empty(raw):
    assert parse_attributes(raw) == {}


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ('{"colour": "red", "n": [1, null, true]}', {"colour": "red", "n": [1, None, True]}),
        (
            "{'colour': 'red', 'n': (1, None, True), 3: {'x'}}",
            {"colour": "red", "n": [1, None, True], "3": ["x"]},
        ),
        ("{'price': nan, 'b': null, 'c': -2.5, 'd': true}", {"price": None, "b": None, "c": -2.5, "d": True}),
        ('{"price": NaN, "b": Infinity}', {"price": None, "b": None}),
        ('{"note": "two\nlines"}', {"note": "two\nlines"}),
        (' {"a": 1, "a": 2} ', {"a": 2}),
        ("{'a': b'caf\\xc3\\xa9'}", {"a": "café"}),
        ('{"a": "cat \\ud83d", "b": "\\ud83d\\ude00"}', {"a": "cat \ufffd", "b": "😀"}),
    ],
)
def test_parse_attributes_understands_json_and_python_literals(raw, parsed):
    assert parse_attributes(raw) == parsed


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("{broken", "neither JSON nor a Python literal"),
        ("colour: red", "not an object in braces"),
        ('["red"]', "not an object in braces"),
        ("{1, 2}", "not an object in braces"),
        ("{'a': __import__('os').getcwd()}", "neither JSON nor a Python literal"),
        ("{'a': open}", "neither JSON nor a Python literal"),
        ("{**x}", "neither JSON nor a Python literal"),
        ("{'a': f'{1}'}", "neither JSON nor a Python literal"),
        ("{'a': 1\0}", "neither JSON nor a Python literal"),
        ("{'a': " + "-" * 9_000 + "1}", "neither JSON nor a Python literal"),
        ("{'a': 0x" + "f" * 9_000 + "}", "holds a number too long"),
        ('{"a":' * 30 + "1" + "}" * 30, "nested deeper than 20 levels"),
        ("{'a':" * 30 + "1" + "}" * 30, "nested deeper than 20 levels"),
        ('{"a":' * 30_000 + "1" + "}" * 30_000, "neither JSON nor a Python literal"),
        ('{"a": "' + "x" * 200_000 + '"}', "longer than 200,000 characters"),
    ],
    ids=lambda value: value[:20],
)
def test_parse_attributes_refuses_the_rest_with_a_short_reason(raw, reason):
    with pytest.raises(ValueError, match=reason):
        parse_attributes(raw)


def test_parse_attributes_literal_with_stray_backslash_warns_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_attributes(r"{'size': '10\d'}") == {"size": r"10\d"}


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_parse_attributes_returns_what_json_and_repr_wrote(attributes):
    assert parse_attributes(json.dumps(attributes)) == attributes
    assert parse_attributes(repr(attributes)) == attributes


@given(st.text(alphabet="{}[]()'\":, ab1-\\nNul\0"))
def test_parse_attributes_any_text_gives_a_dictionary_or_a_reason(raw):
    try:
        parsed, reason = parse_attributes("{" + raw), None
    except ValueError as error:
        parsed, reason = None, str(error)
    assert isinstance(parsed, dict) or 0 < len(reason) < 80
