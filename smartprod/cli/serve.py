"""`smartprod serve`: a trained model behind HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, HostOption, ModelOption, ModeOption


def serve(  # noqa: PLR0913  (one parameter for each option)
    *,
    model: ModelOption,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 8000,
    mode: ModeOption = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, help="Products that the model is asked about together.")
    ] = 64,
    window: Annotated[
        float, typer.Option("--window", min=0, help="Milliseconds that a request waits for others.")
    ] = 5.0,
    waiting: Annotated[
        int, typer.Option("--waiting", min=1, help="Products that may wait; more are refused with 429.")
    ] = 512,
    products: Annotated[int, typer.Option("--products", min=1, help="Most products of a request.")] = 64,
    body: Annotated[float, typer.Option("--body", min=0.001, help="Largest request in megabytes.")] = 32.0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Threads of the model; default: one for each processor."),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Answer for products over HTTP: POST /v1/classify; /openapi.json tells the rest.

    SIGTERM and Ctrl-C stop it when what is in flight is answered. Needs the extra: pip install 'smartprod[serve]'.
    """
    from smartprod.pipeline import limit_threads

    limit_threads(threads)  # before numpy is loaded
    from smartprod.interchange import locate_model
    from smartprod.service import ServiceLimits, serve

    limits = ServiceLimits(
        batch=batch, window_milliseconds=window, waiting=waiting, products=products, body_megabytes=body
    )
    serve(
        locate_model(model), host=host, port=port, mode=mode, limits=limits, threads=threads, tell=typer.echo
    )
