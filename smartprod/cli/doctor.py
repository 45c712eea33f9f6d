"""`smartprod doctor`: what a person should look at in the data, found after learning from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption


def doctor(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a trained run: runs/NAME.")],
    *,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Only findings of one kind, such as wrong_label or split_leak."),
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, help="How many of each kind are printed.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print all findings as JSON, one per line.")] = False,
    debug: DebugOption = False,
) -> None:
    """Rank what to look at: likely wrong labels, duplicates, confusable or small classes, useless columns.

    All findings are written to quality/findings.parquet and .csv in the run folder. Nothing else is changed.
    """
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.quality import doctor_lines, examine_run, findings_json

    examined = examine_run(run, kind=kind)
    for line in findings_json(examined) if json else doctor_lines(examined, first=first):
        typer.echo(line)
