"""Show a configuration as YAML, with where each value comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from smartprod.config.fields import KeyPath
from smartprod.config.loading import LoadedConfig
from smartprod.config.yaml_file import resolve_word

_PLAIN = re.compile(r"[A-Za-z_./][\w./\-]*( [\w./\-]+)*")
_SOURCE_COLUMN = 48


def config_lines(loaded: LoadedConfig, *, only_changed: bool = False) -> list[str]:
    """The configuration in force as lines of YAML, each value with its origin as a comment.

    Args:
        loaded: The configuration.
        only_changed: Leave out what is a default.
    """
    return _section_lines(
        loaded.config.model_dump(mode="json"), (), loaded.sources, only_changed=only_changed
    )


def _section_lines(
    section: Mapping[str, Any], prefix: KeyPath, sources: Mapping[KeyPath, str], *, only_changed: bool
) -> list[str]:
    lines: list[str] = []
    indent = "  " * len(prefix)
    for name, value in section.items():
        path = (*prefix, name)
        source = next((origin for key, origin in sources.items() if key[: len(path)] == path), None)
        if only_changed and source is None:
            continue
        if isinstance(value, dict) and value:
            lines.append(f"{indent}{_text(name)}:")
            lines.extend(_section_lines(value, path, sources, only_changed=only_changed))
        else:
            lines.append(
                f"{indent}{_text(name)}: {_text(value)}".ljust(_SOURCE_COLUMN) + f"  # {source or 'default'}"
            )
    return lines


def _text(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and resolve_word(value) == value
        return value if plain else json.dumps(value, ensure_ascii=False).replace("${", "$${")
    return json.dumps(value)
