"""`smartprod init`: look at a table, and write a first configuration for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption


def init(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, TSV, JSON lines or Parquet.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The configuration; default: TABLE's name, .yaml."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
    debug: DebugOption = False,
) -> None:
    """Look at a table, guess which column holds what and where the photos are, and write a commented configuration."""
    from smartprod.catalog import guess_table, write_first_config

    guess = guess_table(table)
    for line in guess.lines():
        typer.echo(line)
    path = out or Path(f"{table.name.partition('.')[0]}.yaml")
    write_first_config(guess, path, force=force)
    typer.echo(f"wrote {path}; look it over, then: smartprod run all --config {path}")
