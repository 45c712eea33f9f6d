"""YAML read strictly: plain data only, no duplicate keys, every value with its line.

Plain words are resolved as in YAML 1.2: `no` is a word and `1e-3` a number, unlike in YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartprod.config.fields import KeyPath
from smartprod.errors import UsageError

_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_MAXIMUM_NODES = 100_000
_MAXIMUM_DEPTH = 40
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*|[1-9][0-9]{0,2}(_[0-9]{3})+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML document as plain data.

    Attributes:
        value: Nested dicts with string keys, lists, strings, numbers, booleans and None.
        lines: The line (from 1) of every key, by its path.
    """

    value: Any
    lines: Mapping[KeyPath, int]


def load_yaml(path: Path) -> YamlFile:
    """Read a YAML file.

    Raises:
        UsageError: It cannot be read, is not UTF-8, or is not the YAML described above.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError("SP102", f"the file cannot be read: {reason}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            "SP103", f"the file is not UTF-8 (byte {error.start})", where=str(path), fix="save it as UTF-8"
        ) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> YamlFile:
    """Parse YAML text; `where` names its origin in errors.

    Raises:
        UsageError: It is not the YAML described above.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UsageError(
            "SP104",
            f"this is no valid YAML: {_explain(error)}",
            where=f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where,
            fix="indent with spaces; put values with `: `, ` #`, `{`, `[`, `*`, `&`, `%` or `@` in quotes",
        ) from error
    except yaml.YAMLError as error:
        raise UsageError(
            "SP105", "the file holds characters that YAML forbids", where=f"{where}: {error}"
        ) from error
    builder = _Builder(where)
    return YamlFile(None if node is None else builder.build(node, ()), builder.lines)


class _Builder:
    """Turns YAML nodes into plain data."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[KeyPath, int] = {}
        self._nodes = 0

    def build(self, node: Any, path: KeyPath) -> Any:
        """Build the value of a node that stands under the key `path`."""
        line = node.start_mark.line + 1
        self._nodes += 1
        if self._nodes > _MAXIMUM_NODES or len(path) > _MAXIMUM_DEPTH:
            raise UsageError(
                "SP106", "the YAML is nested too deep or repeats too much", where=f"{self.where}, line {line}"
            )
        if node.tag not in _PLAIN_TAGS:
            raise UsageError(
                "SP109",
                f"the tag {node.tag} is not allowed: only plain data is",
                where=f"{self.where}, line {line}",
            )
        if node.id == "mapping":
            return self._mapping(node, path)
        if node.id == "sequence":
            return [self.build(item, (*path, str(position))) for position, item in enumerate(node.value)]
        return node.value if node.style else resolve_word(node.value)

    def _mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.id != "scalar":
                raise UsageError(
                    "SP107",
                    "a key has to be a word, not a list or section",
                    where=f"{self.where}, line {line}",
                )
            key = key_node.value
            if key in result:
                raise UsageError(
                    "SP108",
                    f"the key `{'.'.join((*path, key))}` is given twice",
                    where=f"{self.where}, lines {self.lines[(*path, key)]} and {line}",
                    fix="keep one of them",
                )
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result


def resolve_word(word: str) -> Any:
    """The value of an unquoted word: None, a boolean, a number, or the word itself."""
    if word in _NULLS:
        return None
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word):
        return float(word)
    return word


def _explain(error: Any) -> str:
    problem = str(error.problem or error.context)
    return "a tab stands where spaces have to be" if r"'\t'" in problem else problem
