"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="YAML file, or the name of a shipped one; default: demo."
    ),
]
OverridesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings that go before the file's.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print the last line only.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
