"""`smartprod compare`: two runs on the same test products."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of a trained run: runs/NAME.")],
    second: Annotated[
        Path, typer.Argument(metavar="RUN_B", help="The folder of the run that may be better.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a page with photos, such as compare.html."
        ),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Compare two runs: metrics with intervals of the difference, categories won and lost, products that changed.

    Only products that are test products in both runs count; the runs' settings may differ in everything else.
    """
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.evaluation import compare_runs, comparison_lines, comparison_page
    from smartprod.pipeline import write_atomically

    found = compare_runs(first, second)
    for line in comparison_lines(found):
        typer.echo(line)
    if output is not None:
        page = comparison_page(found, second)
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(output, partial(_write, page))
        typer.echo(f"page: {output}")


def _write(page: str, path: Path) -> None:
    path.write_text(page, encoding="utf-8")
