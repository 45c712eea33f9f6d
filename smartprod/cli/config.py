"""`smartprod config`: show and check configurations."""

from __future__ import annotations

from typing import Annotated

import typer

from smartprod.cli.options import ConfigOption, DebugOption, OverridesArgument

app = typer.Typer(help="Show or check a configuration.", no_args_is_help=True)


@app.command("show")
def show(
    overrides: OverridesArgument = None,
    *,
    config: ConfigOption = None,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out what is a default.")] = False,
    debug: DebugOption = False,
) -> None:
    """Print the configuration in force, with where each value comes from."""
    from smartprod.config import config_lines, load_config

    for line in config_lines(load_config(config, overrides or ()), only_changed=changed):
        typer.echo(line)


@app.command("validate")
def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="YAML file, or the name of a shipped one.")],
    overrides: OverridesArgument = None,
    *,
    debug: DebugOption = False,
) -> None:
    """Check a configuration file; list all its errors."""
    from smartprod.config import load_config

    loaded = load_config(file, overrides or ())
    typer.echo(f"{loaded.path} is valid: {len(loaded.sources)} settings, run {loaded.config.run.name}")
