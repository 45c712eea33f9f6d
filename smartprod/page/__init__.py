"""The page: a person tries a trained model in the browser, one product at a time or a table of them.

`run_page` runs it on this machine until it is told to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use
from smartprod.page.limits import PageLimits

if TYPE_CHECKING:
    from smartprod.page.running import run_page

__all__ = ["PageLimits", "run_page"]

__getattr__ = imported_on_first_use(__name__, {"run_page": "running"})  # Gradio is an extra
