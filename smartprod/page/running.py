"""`run_page`: run the page on this machine until it is told to stop."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.explanation import Explainer
from smartprod.model import Answerer, load_model
from smartprod.page.guard import PageGuard
from smartprod.page.limits import PageLimits
from smartprod.service import address_of, listen, run_until_told

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from smartprod.page.layout import PageFolders
    from smartprod.page.model import PageModel

_QUIET_GRADIO = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
UPLOADS = "uploads"
"""Folder of uploaded files, in the folder of the page."""
_STOP_SECONDS = 5


def run_page(
    model: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    mode: str | None = None,
    limits: PageLimits | None = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Show the page until SIGTERM or Ctrl-C.

    Args:
        model: A model folder.
        host: Address to listen at; the default is this machine alone.
        port: Port; 0 takes a free one.
        mode: Another mode than the model's own.
        limits: What is taken at most.
        tell: Given a line when the page listens, and one when it has stopped.

    Raises:
        UsageError: (SP888) The extra is not installed; (SP874) the port is taken; there is no such mode.
        ModelError: The model folder is missing, damaged or altered, or cannot be explained.
    """
    if importlib.util.find_spec("gradio") is None:
        raise UsageError("SP888", "the page needs Gradio", fix="pip install 'smartprod[demo]'")
    limits = limits or PageLimits()
    with tempfile.TemporaryDirectory(prefix="smartprod-page-") as scratch:
        os.environ.update(_QUIET_GRADIO | {"GRADIO_TEMP_DIR": str(Path(scratch) / UPLOADS)})
        saved = load_model(model)
        listener = listen(host, port)
        extract = saved.config.extract
        most = {
            "max_image_megapixels": min(limits.photo_megapixels, extract.max_image_megapixels),
            "max_image_megabytes": min(limits.photo_megabytes, extract.max_image_megabytes),
        }
        config = saved.config.model_copy(update={"extract": extract.model_copy(update=most)})
        with Answerer.open(saved, mode=mode, config=config) as answerer:
            from smartprod.page.layout import PageFolders
            from smartprod.page.model import PageModel

            app = _app(
                PageModel(Explainer.of(answerer), limits), PageFolders(Path(model).absolute(), Path(scratch))
            )
            tell(f"page: {address_of(listener, host)} (Ctrl-C stops)")
            _run(app, listener)
    tell("stopped")


def _app(model: PageModel, folders: PageFolders) -> ASGIApp:
    import gradio as gr
    from fastapi import FastAPI

    from smartprod.page.layout import STYLE, build_page, theme

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    page = build_page(model, folders).queue(max_size=32, default_concurrency_limit=1, api_open=False)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        show_error=False,
        allowed_paths=[],
        max_file_size=int(model.limits.upload_megabytes * 1e6),
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css=STYLE,
    )
    return PageGuard(mounted, uploads=folders.scratch / UPLOADS)


def _run(app: ASGIApp, listener: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    run_until_told(uvicorn.Server(config), listener)
