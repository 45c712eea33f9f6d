"""The `smartprod` command: its sub-commands, and the one place where errors are printed."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from smartprod._version import __version__
from smartprod.cli import (
    compare,
    config,
    demo,
    demo_catalogue,
    doctor,
    encoders,
    explain,
    export,
    import_,
    init,
    model,
    pipelines,
    report,
    review,
    run,
    score,
    serve,
    stages,
    sweep,
)
from smartprod.cli.commands import Commands
from smartprod.cli.json_output import error_document, print_json
from smartprod.errors import ExitCode, SmartprodError

app = typer.Typer(
    name="smartprod",
    cls=Commands,
    help="Learn product categories from text, attributes and photos; say which answers are unsure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init)
app.command("run")(run.run)
app.command("import")(import_.import_)
app.command("sweep")(sweep.sweep)
app.command("score")(score.score)
app.command("demo")(demo.demo)
app.command("explain")(explain.explain)
app.command("serve")(serve.serve)
app.command("review")(review.review)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("doctor")(doctor.doctor)
app.add_typer(model.app, name="model")
app.command("export")(export.export)
app.command("pipelines")(pipelines.pipelines)
app.command("stages")(stages.stages)
app.command("encoders")(encoders.encoders)
app.add_typer(config.app, name="config")
app.command("demo-catalogue")(demo_catalogue.demo_catalogue)


@app.callback(invoke_without_command=True)
def _options(
    *, version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)
) -> None:
    if version:
        typer.echo(f"smartprod {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status (see `errors.ExitCode`)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(given, prog_name="smartprod")
    except SmartprodError as error:
        _print_error(error, str(error), given, exit_code=error.exit_code)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001  (a defect is told without a traceback too)
        told = _disk_error(error)
        if told is not None:
            _print_error(told, str(told), given, exit_code=told.exit_code)
            sys.exit(told.exit_code)
        text = f"[SP100] this is a defect in smartprod: {type(error).__name__}: {error}"
        text += "\n  do:    report it with the traceback that --debug shows"
        _print_error(error, text, given, exit_code=ExitCode.FAILED)
        sys.exit(ExitCode.FAILED)


def _disk_error(error: Exception) -> SmartprodError | None:
    from smartprod.pipeline import disk_error

    return disk_error(error)


def _print_error(error: Exception, text: str, given: Sequence[str], *, exit_code: ExitCode) -> None:
    if "--debug" in given:
        traceback.print_exception(error)
        return
    if "--json" in given:
        print_json(error_document(error, exit_code), to_stderr=True)
        return
    color = False if os.environ.get("NO_COLOR") else None  # None: as the terminal allows
    typer.secho(text, err=True, fg=typer.colors.RED, color=color)
    for note in getattr(error, "__notes__", ()):
        typer.secho(note, err=True, bold=True, color=color)
