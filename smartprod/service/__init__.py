"""The service: a trained model behind HTTP, for other programs.

`serve` runs it until it is told to stop; `create_app` makes the ASGI application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use
from smartprod.service.limits import ServiceLimits
from smartprod.service.listening import address_of, listen, run_until_told

if TYPE_CHECKING:
    from smartprod.service.app import create_app
    from smartprod.service.running import serve

_HOMES = {"create_app": "app", "serve": "running"}

__all__ = ["ServiceLimits", "address_of", "create_app", "listen", "run_until_told", "serve"]

__getattr__ = imported_on_first_use(__name__, _HOMES)  # FastAPI is an extra
