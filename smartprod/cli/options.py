"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.completion import complete_config, complete_mode

ModelOption = Annotated[
    Path,
    typer.Option(
        "--model", "-m", metavar="FOLDER", help="A model folder, runs/NAME/model; or hf:user/name@revision."
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="YAML file, or the name of a shipped one; default: demo.",
        autocompletion=complete_config,
    ),
]
OverridesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings that go before the file's.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print the last line only.")]
HostOption = Annotated[
    str, typer.Option("--host", help="Address to listen at; the default is this machine alone.")
]
ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        help="fused, image-then-text or cheapest-first; default: the model's.",
        autocompletion=complete_mode,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print nothing but one JSON object at the end; errors too, on standard error."
    ),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine", help="local (this process) or ray (the workers of a Ray cluster); default: the config's."
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Ray cluster to join, or auto for the one of this machine; default: one is started here.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Ray workers; default: as many as the cluster has room for."),
]


def with_engine(
    overrides: Sequence[str] | None, *, engine: str | None, address: str | None, workers: int | None
) -> list[str]:
    """Add the options that name an engine to the settings, so that a command to go on with has them."""
    given = list(overrides or ())
    if engine == "local":  # whatever cluster the file describes
        given += ["engine.kind=local", "engine.address=null", "engine.workers=null"]
    elif engine is not None:
        given.append(f"engine.kind={engine}")
    named = {"engine.address": address, "engine.workers": workers}
    return given + [f"{key}={value}" for key, value in named.items() if value is not None]
