"""`smartprod run`: run a pipeline."""

from __future__ import annotations

from typing import Annotated

import typer

from smartprod.cli.completion import complete_pipeline
from smartprod.cli.json_output import print_json, run_document
from smartprod.cli.options import (
    AddressOption,
    ConfigOption,
    DebugOption,
    EngineOption,
    JsonOption,
    OverridesArgument,
    QuietOption,
    WorkersOption,
    with_engine,
)


def run(  # noqa: PLR0913  (one parameter for each option)
    pipeline: Annotated[
        str,
        typer.Argument(
            metavar="PIPELINE",
            help="A name (`smartprod pipelines`) or a YAML file.",
            autocompletion=complete_pipeline,
        ),
    ],
    overrides: OverridesArgument = None,
    *,
    config: ConfigOption = None,
    engine: EngineOption = None,
    address: AddressOption = None,
    workers: WorkersOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute every stage, up to date or not.")] = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run a pipeline, skipping the stages whose results are up to date.

    Without --config the rendered demo catalogue is used, into runs/demo.
    """
    from smartprod.config import load_config
    from smartprod.pipeline import RunConsole, SilentConsole, find_pipeline, run_pipeline

    loaded = load_config(config, with_engine(overrides, engine=engine, address=address, workers=workers))
    console = SilentConsole() if json else RunConsole(quiet=quiet)
    outcome = run_pipeline(find_pipeline(pipeline, loaded.config), loaded, console=console, fresh=fresh)
    if json:
        print_json(run_document(outcome))
