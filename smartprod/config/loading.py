"""Load a configuration: defaults, then a file, then `key=value` overrides, checked as a whole."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from smartprod.config.fields import KeyPath, child_of, is_list
from smartprod.config.problems import problems_of, raise_problems
from smartprod.config.schema import Config
from smartprod.config.sources import expand_environment, find_config, leaves, merge, parse_override
from smartprod.config.yaml_file import load_yaml
from smartprod.errors import UsageError

DEFAULT_CONFIG = "demo"


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A checked configuration, and where it came from.

    Attributes:
        config: The values in force.
        path: The file that was read.
        given: The file as the user named it; None if the default was taken.
        overrides: The `key=value` overrides as given.
        sources: Where each value that is no default comes from, by its key's path.
    """

    config: Config
    path: Path
    given: str | None
    overrides: tuple[str, ...]
    sources: Mapping[KeyPath, str]

    def arguments(self) -> list[str]:
        """The command-line arguments that load this configuration again, quoted for a shell."""
        option = ["--config", shlex.quote(self.given)] if self.given is not None else []
        return [*option, *(shlex.quote(override) for override in self.overrides)]


def load_config(path_or_name: str | None = None, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Load a configuration.

    Args:
        path_or_name: A YAML file, or the name of a shipped one; `demo` by default.
        overrides: `key=value` texts, applied last, in order.

    Raises:
        UsageError: A file or variable is missing, the YAML is malformed, or keys or values are wrong (all of
            them are listed).
    """
    path = find_config(path_or_name or DEFAULT_CONFIG)
    values, where = _read_file(path)
    for text in overrides:
        key, value = parse_override(text)
        place = f"command line: {text}"
        value = expand_environment(value, key, place)
        merge(values, key, value)
        for leaf in (key, *leaves(value, key)):
            where[leaf] = place
    if "name" not in _section(values, "run"):
        merge(values, ("run", "name"), re.sub(r"[^\w.\-]+|^[.\-]+", "-", path.stem).lstrip("-") or "run")
        where[("run", "name")] = f"the name of {path}"
    where[()] = str(path)
    config = _validate(_wrap_lists(values, Config), where)
    sources = {leaf: _source(leaf, where) for leaf in leaves(values)}
    return LoadedConfig(config, path, path_or_name, tuple(overrides), sources)


def override_config(config: Config, overrides: Sequence[str]) -> Config:
    """Change a configuration that is at hand already by `key=value` texts.

    Raises:
        UsageError: A key or value is wrong (all of them are listed).
    """
    values = config.model_dump(mode="json")
    where: dict[KeyPath, str] = {(): "the configuration at hand"}
    for text in overrides:
        key, value = parse_override(text)
        place = f"command line: {text}"
        value = expand_environment(value, key, place)
        merge(values, key, value)
        where |= dict.fromkeys((key, *leaves(value, key)), place)
    return _validate(_wrap_lists(values, Config), where)


def _read_file(path: Path) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    file = load_yaml(path)
    where = {key: f"{path}, line {line}" for key, line in file.lines.items()}
    values: Any = {} if file.value is None else file.value
    if not isinstance(values, dict):
        raise UsageError(
            "SP116",
            "a configuration has sections, such as `catalog:`",
            where=str(path),
            fix="see configs/base.yaml",
        )
    expanded = {name: _expand_section(part, (name,), where, str(path)) for name, part in values.items()}
    return expanded, where


def _expand_section(value: Any, key: KeyPath, where: Mapping[KeyPath, str], file: str) -> Any:
    """Expand variables key by key, so that an unset one is told with its line."""
    if isinstance(value, dict):
        return {name: _expand_section(part, (*key, name), where, file) for name, part in value.items()}
    return expand_environment(value, key, where.get(key, file))


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = values.get(name)
    # A section that is no section is left for the check to report.
    return section if isinstance(section, dict) else {} if section is None else {"name": None}


def _wrap_lists(value: Any, annotation: Any) -> Any:
    """Turn a single value into a list of one where the schema wants a list."""
    if isinstance(value, dict):
        return {name: _wrap_lists(part, child_of(annotation, name)) for name, part in value.items()}
    if is_list(annotation) and value is not None and not isinstance(value, list):
        return [value]
    return value


def _validate(values: Mapping[str, Any], where: Mapping[KeyPath, str]) -> Config:
    # An empty section (`clean:` with only comments below) means its defaults.
    given = {
        name: part for name, part in values.items() if part is not None or name not in Config.model_fields
    }
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise_problems(problems_of(error, Config, where))
        raise


def _source(leaf: KeyPath, where: Mapping[KeyPath, str]) -> str:
    for length in range(len(leaf), 0, -1):
        if leaf[:length] in where:
            return where[leaf[:length]]
    return where[()]
