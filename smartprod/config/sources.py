"""Where configuration values come from: a YAML file, the environment, `key=value` on the command line."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smartprod.config.fields import KeyPath
from smartprod.config.shipped import shipped_folder
from smartprod.config.yaml_file import parse_yaml
from smartprod.errors import UsageError

_VARIABLE = re.compile(r"\$(?P<escape>\$)?\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}")


def find_config(name: str) -> Path:
    """The file of a configuration: a path, or the name of a shipped one (`demo`, `configs/demo.yaml`).

    Raises:
        UsageError: There is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = {file.stem: file for file in sorted(shipped_folder("configs").glob("*.yaml"))}
    if (
        path.stem in shipped
        and path.suffix in {"", ".yaml", ".yml"}
        and path.parent.as_posix() in {".", "configs"}
    ):
        return shipped[path.stem]
    close = difflib.get_close_matches(path.stem, shipped, n=1)
    raise UsageError(
        "SP101",
        f"there is no configuration `{name}`" + (f"; did you mean `{close[0]}`?" if close else ""),
        where=str(path.absolute()),
        fix=f"give the path of a YAML file, or one of the shipped: {', '.join(shipped)}",
    )


def expand_environment(
    value: Any, key: KeyPath, where: str, environment: Mapping[str, str] | None = None
) -> Any:
    """Replace `${NAME}` and `${NAME:-default}` in every string of a value; `$${NAME}` stays `${NAME}`.

    Raises:
        UsageError: A variable without a default is not set.
    """
    known = os.environ if environment is None else environment
    if isinstance(value, dict):
        return {name: expand_environment(part, (*key, name), where, known) for name, part in value.items()}
    if isinstance(value, list):
        return [expand_environment(part, key, where, known) for part in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match["escape"]:
            return match[0][1:]
        found = known.get(match["name"])
        if found is None and match["default"] is None:
            raise UsageError(
                "SP114",
                f"`{'.'.join(key)}` needs the environment variable {match['name']}, which is not set",
                where=where,
                fix=f"export {match['name']}=..., or write ${{{match['name']}:-default}}",
            )
        return found or match["default"] or ""

    return _VARIABLE.sub(replace, value)


def parse_override(text: str) -> tuple[KeyPath, Any]:
    """Split `classifier.kind=lightgbm` into the key's path and the value, read as YAML.

    Raises:
        UsageError: It has not this form.
    """
    name, equals, value = text.partition("=")
    path = tuple(name.strip().split("."))
    if not equals or not all(path):
        raise UsageError(
            "SP115",
            f"`{text}` is no KEY=VALUE",
            where="command line",
            fix="write for example classifier.kind=lightgbm",
        )
    return path, parse_yaml(value, f"command line: {text}").value


def merge(base: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Set `value` under `path` in nested dicts; sections are merged, everything else replaced."""
    for name in path[:-1]:
        if not isinstance(base.get(name), dict):
            base[name] = {}
        base = base[name]
    present = base.get(path[-1])
    if isinstance(present, dict) and isinstance(value, dict):
        for name, part in value.items():
            merge(present, (name,), part)
    else:
        base[path[-1]] = value


def leaves(value: Any, prefix: KeyPath = ()) -> Sequence[KeyPath]:
    """The paths of all values in nested dicts that are not sections themselves."""
    if isinstance(value, dict) and value:
        return [path for name, part in value.items() for path in leaves(part, (*prefix, name))]
    return [prefix]
