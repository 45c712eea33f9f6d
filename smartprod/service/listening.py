"""An address to listen at, and a server that stops in good order."""

from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

from smartprod.errors import UsageError

if TYPE_CHECKING:
    import uvicorn


def listen(host: str, port: int) -> socket.socket:
    """Open a port before anything slow is loaded, so that a taken one is told at once.

    Raises:
        UsageError: (SP874) The port is taken, or the address is not this machine's.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        raise UsageError(
            "SP874", f"cannot listen at {host}:{port}: {error}",
            where="--host, --port", fix="give another port; 0 takes a free one",
        ) from error  # fmt: skip


def address_of(listener: socket.socket, host: str) -> str:
    """What a browser is given."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def run_until_told(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run a server until SIGTERM or Ctrl-C; to be told to stop is no failure."""
    if threading.current_thread() is threading.main_thread():
        # uvicorn raises these again when it has stopped in good order
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _ignore)
    server.run(sockets=[listener])


def _ignore(number: int, frame: Any) -> None:
    """Do nothing."""
    del number, frame
