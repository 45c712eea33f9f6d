"""`serve`: run the service until it is told to stop."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.model import load_model
from smartprod.service.limits import ServiceLimits
from smartprod.service.listening import address_of, listen, run_until_told

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart")
_MOST_CONNECTIONS = 1_000


def serve(
    model: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    mode: str | None = None,
    limits: ServiceLimits | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Answer over HTTP until SIGTERM or Ctrl-C; then what is in flight is finished.

    Args:
        model: A model folder.
        host: Address to listen at; the default is this machine alone.
        port: Port; 0 takes a free one.
        mode: Another mode than the model's own.
        limits: What is taken at most.
        threads: Threads for the model; None: one for each processor.
        tell: Given a line when the service listens, and one when it has stopped.

    Raises:
        UsageError: (SP873) The extra is not installed; (SP874) the port is taken; there is no such mode.
        ModelError: The model folder is missing, damaged or altered, or an encoder cannot be opened.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            "SP873", f"the service needs {', '.join(missing)}", fix="pip install 'smartprod[serve]'"
        )
    from smartprod.service.app import create_app

    limits = limits or ServiceLimits()
    app = create_app(load_model(model), mode=mode, limits=limits, threads=threads)
    listener = listen(host, port)
    tell(f"serving {model} at {address_of(listener, host)} (Ctrl-C stops)")
    _run(app, listener, limits)
    failure = app.state.service.batcher.failure
    if failure is not None:
        raise failure
    tell("stopped")


def _run(app: FastAPI, listener: socket.socket, limits: ServiceLimits) -> None:
    """Run until a signal comes, or until the model cannot be opened."""
    import uvicorn

    class Server(uvicorn.Server):
        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or app.state.service.batcher.failure is not None

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=int(limits.stop_seconds),
    )
    run_until_told(Server(config), listener)
