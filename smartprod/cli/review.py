"""`smartprod review`: confirm or correct the answers that teach most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import ConfigOption, DebugOption, OverridesArgument


def review(
    scored: Annotated[
        Path, typer.Argument(metavar="SCORED", help="The Parquet file that `smartprod score` wrote.")
    ],
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The product table that was scored.")],
    overrides: OverridesArgument = None,
    *,
    config: ConfigOption = None,
    labels: Annotated[
        Path,
        typer.Option(
            "--labels", "-o", metavar="FILE", help="Where the labels go; gone on with if it exists."
        ),
    ] = Path("labels.csv"),
    first: Annotated[int, typer.Option("--first", min=1, help="How many products are shown at most.")] = 500,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0: a free one.")
    ] = 0,
    debug: DebugOption = False,
) -> None:
    """Review scored answers in the browser, by keyboard: the uncertain and the surprising ones first.

    Every answer is written to the labels file at once. The next training reads it by `catalog.labels=labels.csv`.
    """
    from smartprod.config import load_config
    from smartprod.review import LabelsFile, ReviewServer, review_queue, serve_review

    loaded = load_config(config, [*(overrides or ()), f"catalog.path={table}"])
    queue = review_queue(scored, loaded.config, limit=first)
    server = ReviewServer(queue, LabelsFile(labels), port=port)
    if queue.without_id:
        typer.echo(f"{queue.without_id:,} products have no id and are left out")
    typer.echo(
        f"{len(queue.products):,} products to review at {server.address} (Ctrl-C ends); labels go to {labels}"
    )
    serve_review(server)
