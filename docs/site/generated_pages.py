"""Pages that are made when the site is built: the configuration, the commands and the Python names, from the code itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import typer
from mkdocs.structure.files import File

from smartprod.cli.main import app

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_PROJECT = Path(__file__).resolve().parent.parent.parent
_PYTHON = """# Python

::: smartprod
    options:
      members_order: source
      show_if_no_docstring: false

::: smartprod.interchange.ProductClassifier

::: smartprod.model.ModelClassifier

## Stages of your own

::: smartprod.pipeline.stage

::: smartprod.pipeline.StageContext
"""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for name, content in (
        ("configuration", configuration_page()),
        ("commands", commands_page()),
        ("python", _PYTHON),
    ):
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    return files


def configuration_page() -> str:
    """Every section of `configs/base.yaml`, which states each key with its default and a comment."""
    text = (_PROJECT / "configs" / "base.yaml").read_text(encoding="utf-8")
    sections = re.split(r"\n(?=(?:#[^\n]*\n)*[a-z_]+:\n)", text)
    page = [
        "# Configuration",
        "",
        "Every key with its default and what it does. A file of your own needs only what differs.",
    ]
    for section in sections:
        named = re.search(r"^([a-z_]+):$", section, flags=re.MULTILINE)
        if named:
            page += ["", f"## {named[1]}", "", "```yaml", section.strip(), "```"]
    return "\n".join(page) + "\n"


def commands_page() -> str:
    """The help of every command."""
    page = ["# Commands"]
    for words, command in _commands(typer.main.get_command(app), ("smartprod",)):
        context = click.Context(command, info_name=" ".join(words), terminal_width=100)
        page += ["", f"## {' '.join(words)}", "", "```text", command.get_help(context), "```"]
    return "\n".join(page) + "\n"


def _commands(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    members = getattr(command, "commands", None)
    if members is None:
        yield words, command
        return
    for name, member in members.items():
        yield from _commands(member, (*words, name))
