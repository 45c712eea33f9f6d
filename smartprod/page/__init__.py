"""The page: a person tries a trained model in the browser, one product at a time or a table of them.

`run_page` runs it on this machine until it is told to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartprod.page.limits import PageLimits

if TYPE_CHECKING:
    from smartprod.page.running import run_page

__all__ = ["PageLimits", "run_page"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: Gradio is an extra."""
    if name != "run_page":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from smartprod.page.running import run_page

    return run_page
