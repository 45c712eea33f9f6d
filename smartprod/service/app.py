"""The ASGI application: addresses, limits, errors as JSON, and a model that opens and closes with it."""

from __future__ import annotations

import logging
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from smartprod._version import __version__
from smartprod.errors import SmartprodError
from smartprod.service.answering import open_served
from smartprod.service.batching import MicroBatcher
from smartprod.service.body_limit import BodyLimit
from smartprod.service.limits import ServiceLimits
from smartprod.service.metrics import ServiceMetrics
from smartprod.service.problems import RequestError, failed, not_valid, refused
from smartprod.service.routes import Service, router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from smartprod.model import SavedModel

_LOGGER = logging.getLogger("smartprod.service")
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(
    model: SavedModel,
    *,
    mode: str | None = None,
    limits: ServiceLimits | None = None,
    threads: int | None = None,
) -> FastAPI:
    """Make the service of a model; the model opens when the application starts.

    Args:
        model: The saved model.
        mode: Another mode than the model's own.
        limits: What is taken at most.
        threads: Threads for the model; None: one for each processor.

    Raises:
        UsageError: There is no such mode.
    """
    limits = limits or ServiceLimits()
    settings = model.decider_for(mode).settings

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        metrics = ServiceMetrics(model=model.identity)
        batcher = MicroBatcher(
            partial(open_served, model, mode=mode, threads=threads, limits=limits),
            limits,
            on_batch=metrics.note_batch,
        )
        metrics.watch_waiting(lambda: batcher.waiting)
        app.state.service = Service(model, settings.mode, batcher, metrics, limits)
        try:
            yield
        finally:
            batcher.close()

    app = FastAPI(
        title="smartprod",
        version=__version__,
        description=f"Categories for products; {len(model.classes):,} classes.",
        lifespan=lifespan,
        docs_url=None,  # these pages fetch scripts from elsewhere
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        exception_handlers={
            RequestValidationError: _respond,
            HTTPException: _respond,
            SmartprodError: _respond,
            Exception: _respond,
        },
    )
    app.include_router(router)
    app.add_middleware(BodyLimit, limits=limits, respond=_respond)
    app.middleware("http")(_count)
    app.openapi = partial(_openapi, app, limits)  # type: ignore[method-assign]
    return app


async def _respond(request: Request, error: Exception) -> Response:
    """Make a coded error of whatever a request ended with."""
    problem = _problem(error)
    body = {"code": problem.code, "what": problem.what, "where": problem.where, "fix": problem.fix}
    headers = dict(getattr(error, "headers", None) or {})
    if problem.status in {429, 503}:
        headers["Retry-After"] = "1"
    if problem.status >= 500 and not isinstance(error, RequestError):
        _LOGGER.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": body}, status_code=problem.status, headers=headers)


def _problem(error: Exception) -> RequestError:
    if isinstance(error, RequestError):
        return error
    if isinstance(error, RequestValidationError):
        return not_valid(error.errors())
    if isinstance(error, HTTPException):
        return refused(error.status_code, error.detail)
    return failed(error)


async def _count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Count every request under the address that answered it."""
    started = time.monotonic()
    response = await call_next(request)
    known = {route.path for route in router.routes if hasattr(route, "path")}
    path = request.url.path if request.url.path in known else "other"
    service: Service = request.app.state.service
    service.metrics.note_request(path, response.status_code, time.monotonic() - started)
    return response


def _openapi(app: FastAPI, limits: ServiceLimits) -> dict[str, Any]:
    """Write the schema, with the limits in force."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = schema["components"]["schemas"]
        parts["ClassifyRequest"]["properties"]["products"]["maxItems"] = limits.products
        images = parts["Product"]["properties"]["images"]
        images["maxItems"] = limits.images
        images["items"]["maxLength"] = int(limits.image_megabytes * 1e6 * 4 / 3)
        for form in (part for name, part in parts.items() if name.startswith("Body_")):
            for field in form["properties"].values():  # a form has no null; a field is there or not
                field.update(field.pop("anyOf", [{}])[0])
        for operation in (operation for path in schema["paths"].values() for operation in path.values()):
            if "422" in operation["responses"]:
                content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
                operation["responses"]["422"] = {"description": "Not valid", "content": content}
        for name in ("HTTPValidationError", "ValidationError"):
            parts.pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
