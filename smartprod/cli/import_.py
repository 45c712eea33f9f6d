"""`smartprod import`: a table in another system's format to a product table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.json_output import print_json
from smartprod.cli.options import DebugOption, JsonOption, OverridesArgument, QuietOption

SYSTEMS = ("kazan", "abo", "fashion", "folder", "labels")


def import_(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help=f"One of {', '.join(SYSTEMS)}.")],
    source: Annotated[str, typer.Argument(metavar="INPUT", help="The system's own file or folder.")],
    overrides: OverridesArgument = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The product table: a .parquet or .csv file.")
    ] = Path("products.parquet"),
    quiet: QuietOption = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write another system's data as a product table, and tell what became of it.

    kazan: a table with text_fields as JSON; abo: the folder of Amazon Berkeley Objects; fashion: styles.csv; folder: images in
    folders by class; labels: a labelling tool's CSV. Settings tell how it is read, such as catalog.native.languages=[de].
    """
    from smartprod.catalog import import_products
    from smartprod.config import Config, override_config
    from smartprod.errors import UsageError
    from smartprod.pipeline import RunConsole, SilentConsole

    if system not in SYSTEMS:
        raise UsageError(
            "SP130",
            f"There is no importer '{system}'.",
            where="SYSTEM",
            fix=f"Give one of {', '.join(SYSTEMS)}.",
        )
    catalog = override_config(Config(), overrides or []).catalog
    console = SilentConsole() if json else RunConsole(quiet=quiet)
    with console.progress(None, "importing") as meter:
        account = import_products(
            catalog.model_copy(update={"path": source, "format": system}), out, progress=meter.advance
        )
    if json:
        print_json(account.document())
        return
    *lines, last = account.lines()
    for line in lines:
        console.line(line)
    console.result(last)
