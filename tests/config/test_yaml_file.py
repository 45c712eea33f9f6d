from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.config.yaml_file import load_yaml, parse_yaml
from smartprod.errors import UsageError


def test_yaml_file_plain_values_are_resolved_as_yaml_1_2():
    text = "a: no\nb: 1e-3\nc: 007\nd: 12:30\ne: 2024-01-02\nf: ~\ng: TRUE\nh: '5'\ni: 1_000\nj: -3\nk: .5"
    assert parse_yaml(text, "t").value == {
        "a": "no", "b": 0.001, "c": "007", "d": "12:30", "e": "2024-01-02", "f": None, "g": True, "h": "5",
        "i": 1000, "j": -3, "k": 0.5,
    }  # fmt: skip


def test_yaml_file_keeps_the_line_of_every_key():
    lines = parse_yaml("# comment\nrun:\n  name: x\n\nclean: {fields: [a]}\n", "t").lines
    assert lines == {("run",): 2, ("run", "name"): 3, ("clean",): 5, ("clean", "fields"): 5}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("a: 1\nb: 2\na: 3", "SP108", "lines 1 and 3"),
        ("run:\n  seed: 1\n  seed: 1", "SP108", "`run.seed`"),
        ("run:\n\tname: x", "SP104", "tab"),
        ("a: [1", "SP104", "line 1"),
        ("a: b: c", "SP104", "line 1, column"),
        ("a: *nothing", "SP104", "nothing"),
        ("a: !!python/object/apply:os.system [ls]", "SP109", "python/object"),
        ("a: !!int 5", "SP109", "line 1"),
        ("? [a]\n: b", "SP107", "line 1"),
        ("a: \x07", "SP105", "t:"),
        ("&a [*a]", "SP106", "too deep"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: " + "[*b, *b]", None, ""),
    ],
)
def test_yaml_file_malformed_text_is_told_with_its_place(text, code, words):
    if code is None:
        assert parse_yaml(text, "t").value["c"] == [[["x", "x"], ["x", "x"]]] * 2
        return
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "t")
    assert caught.value.code == code
    assert words in str(caught.value)


def test_yaml_file_repeated_aliases_cannot_fill_the_memory():
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(UsageError, match="SP106"):
        parse_yaml("\n".join(layers), "t")


def test_yaml_file_that_is_no_utf8_or_absent_is_told(tmp_path):
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("run: {name: café}".encode("latin-1"))
    with pytest.raises(UsageError, match=r"SP103.*UTF-8"):
        load_yaml(latin)
    with pytest.raises(UsageError, match="SP102"):
        load_yaml(tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="SP102"):
        load_yaml(tmp_path)


def test_yaml_file_byte_order_mark_is_understood(tmp_path):
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert load_yaml(file).value == {"a": 1, "b": 2}


@given(st.text(max_size=60))
def test_yaml_file_any_text_is_parsed_or_refused_as_usage(text):
    with contextlib.suppress(UsageError):
        value = parse_yaml(text, "t").value
        assert value is None or isinstance(value, str | int | float | list | dict)
