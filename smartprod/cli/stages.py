"""`smartprod stages`: list the stages and the artefacts they hand over."""

from __future__ import annotations

import typer


def stages() -> None:
    """List the stages with what they read, write and depend on."""
    from smartprod.pipeline import load_stages

    for stage in load_stages().values():
        typer.secho(stage.name, bold=True, nl=False)
        typer.echo(f"  {stage.doc}")
        for label, names in (("reads", stage.reads), ("writes", stage.writes), ("config", stage.config)):
            if names:
                typer.echo(f"  {label:<7} {', '.join(names)}")
