"""`smartprod demo`: try a trained model in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, HostOption, ModelOption, ModeOption


def demo(
    *,
    model: ModelOption,
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
    from smartprod.interchange import locate_model
    from smartprod.page import run_page

    run_page(locate_model(model), host=host, port=port, mode=mode, tell=typer.echo)
