"""`smartprod score`: score a product table with a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.json_output import print_json, score_document
from smartprod.cli.options import (
    AddressOption,
    DebugOption,
    EngineOption,
    JsonOption,
    ModelOption,
    ModeOption,
    OverridesArgument,
    QuietOption,
    WorkersOption,
    with_engine,
)


def score(  # noqa: PLR0913  (one parameter for each option)
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="The product table, in any format that is read, or its address; or the folder of a run whose extraction is done: "
            "its embeddings are looked up.",
        ),
    ],
    overrides: OverridesArgument = None,
    *,
    model: ModelOption,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where the answers go: a .parquet or .csv file, NAME/ for a folder of Parquet files (whole when it "
            "holds _SUCCESS), or an address such as s3://bucket/scored.parquet.",
        ),
    ],
    mode: ModeOption = None,
    output_format: Annotated[
        str | None,
        typer.Option("--format", help="parquet, csv or parquet-folder; default: by the name of the output."),
    ] = None,
    image_root: Annotated[
        str | None,
        typer.Option(
            "--image-root",
            metavar="FOLDER",
            help="Folder (or address) that image paths start from; default: the table's folder.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="FOLDER", help="Embedding store to reuse and fill; default: nothing is kept."
        ),
    ] = None,
    engine: EngineOption = None,
    address: AddressOption = None,
    workers: WorkersOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Score every part again.")] = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Score a product table: one answer per row, in order, whatever is broken in it.

    A call that was stopped goes on where it ended when it is made again. Settings tell how the table is read, such as
    catalog.columns.title=name or catalog.delimiter=";".
    """
    from smartprod.pipeline import RunConsole, SilentConsole, limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.interchange import locate_model
    from smartprod.scoring import score_table

    outcome = score_table(
        table,
        model=locate_model(model),
        out=out,
        mode=mode,
        output_format=output_format,
        fresh=fresh,
        image_root=image_root,
        store=store,
        overrides=with_engine(overrides, engine=engine, address=address, workers=workers),
        console=SilentConsole() if json else RunConsole(quiet=quiet),
    )
    if json:
        print_json(score_document(outcome))
