"""`smartprod score`: score a product table with a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, QuietOption


def score(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="The product table, in any format that is read.")
    ],
    *,
    model: Annotated[
        Path, typer.Option("--model", "-m", metavar="FOLDER", help="A model folder: runs/NAME/model.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the answers go.")],
    mode: Annotated[
        str | None,
        typer.Option("--mode", help="fused, image-then-text or cheapest-first; default: the model's."),
    ] = None,
    output_format: Annotated[
        str | None, typer.Option("--format", help="parquet or csv; default: by the name of the output.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Score every part again.")] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Score a product table: one answer per row, in order, whatever is broken in it."""
    from smartprod.pipeline import RunConsole
    from smartprod.scoring import score_table

    score_table(
        table,
        model=model,
        out=out,
        mode=mode,
        output_format=output_format,
        fresh=fresh,
        console=RunConsole(quiet=quiet),
    )
