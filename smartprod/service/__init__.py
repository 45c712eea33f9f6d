"""The service: a trained model behind HTTP, for other programs.

`serve` runs it until it is told to stop; `create_app` makes the ASGI application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartprod.service.limits import ServiceLimits
from smartprod.service.listening import address_of, listen, run_until_told

if TYPE_CHECKING:
    from smartprod.service.app import create_app
    from smartprod.service.running import serve

_HOMES = {"create_app": "app", "serve": "running"}

__all__ = ["ServiceLimits", "address_of", "create_app", "listen", "run_until_told", "serve"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: FastAPI is an extra."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
