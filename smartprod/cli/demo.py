"""`smartprod demo`: try a trained model in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, HostOption, ModeOption


def demo(
    *,
    model: Annotated[
        Path, typer.Option("--model", "-m", metavar="FOLDER", help="A model folder: runs/NAME/model.")
    ],
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 7860,
    mode: ModeOption = None,
    debug: DebugOption = False,
) -> None:
    """Show a page in the browser: one product with its answer and the reasons, or a whole table.

    Needs the extra: pip install 'smartprod[demo]'.
    """
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.page import run_page

    run_page(model, host=host, port=port, mode=mode, tell=typer.echo)
