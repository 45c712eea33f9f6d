"""`smartprod report`: write the report of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, QuietOption


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a trained run: runs/NAME.")],
    *,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the report of a finished run again, one HTML file that opens offline.

    The metrics are written again too. Nothing is learned: a run trained before is seen through the present report.
    """
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.evaluation import redraw_report

    redrawn = redraw_report(run)
    for line in (str(redrawn.page),) if quiet else redrawn.lines:
        typer.echo(line)
