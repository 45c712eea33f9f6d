"""`smartprod demo-catalogue`: render the demo catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, QuietOption


def demo_catalogue(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    *,
    products: Annotated[int, typer.Option("--products", min=60, help="How many products.")] = 1200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same files.")] = 0,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Render the demo catalogue: a product table, its photos, and an unlabelled part."""
    from smartprod.demo import render_catalogue
    from smartprod.pipeline import RunConsole

    console = RunConsole(quiet=quiet)
    with console.progress(products, "products", unit="products") as meter:
        account = render_catalogue(
            out, products=products, seed=seed, progress=lambda done, _total: meter.reach(done)
        )
    for line in account.lines():
        console.line(line)
