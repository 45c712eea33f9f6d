"""`smartprod explain`: why a product got its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, ModelOption, ModeOption


def explain(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="The product table, in any format that is read.")
    ],
    *,
    row: Annotated[int, typer.Option("--row", "-r", metavar="N", help="Row of the table, from 0.")],
    model: ModelOption,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="An HTML page to write as well.")
    ] = None,
    category: Annotated[
        str | None,
        typer.Option("--category", metavar="PATH", help="Explain this category, not the most probable one."),
    ] = None,
    mode: ModeOption = None,
    image_root: Annotated[
        str | None,
        typer.Option("--image-root", metavar="FOLDER", help="Folder that image paths start from."),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Tell why a product got its answer: what image and text add, which words and parts of the photo matter, what is like it."""
    from smartprod.pipeline import limit_threads, write_atomically

    limit_threads(None)  # before numpy is loaded
    from smartprod.explanation import explain_row, explanation_lines, explanation_page
    from smartprod.interchange import locate_model

    explanation = explain_row(
        table, row, model=locate_model(model), mode=mode, image_root=image_root, category=category
    )
    for line in explanation_lines(explanation):
        typer.echo(line)
    if out is not None:
        page = explanation_page(explanation)
        write_atomically(out, lambda path: _write(path, page))
        typer.echo(f"page: {out}")


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", newline="\n")
