"""`smartprod pipelines`: list what can be run."""

from __future__ import annotations

import typer


def pipelines() -> None:
    """List the pipelines and their stages."""
    from smartprod.pipeline import list_pipelines

    for pipeline in list_pipelines():
        typer.secho(pipeline.name, bold=True, nl=False)
        typer.echo(f"  {pipeline.description}")
        typer.echo(f"  {' -> '.join(pipeline.stages)}")
