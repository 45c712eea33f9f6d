"""Take the body of a request whole before anything is done with it: not too large, and not too slowly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from smartprod.service.problems import RequestError, too_large, too_slow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from smartprod.service.limits import ServiceLimits


class BodyLimit:
    """ASGI middleware.

    Args:
        app: What comes after it.
        limits: Size and time.
        respond: Makes the response to a refused request.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: ServiceLimits,
        respond: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._limits = limits
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body at hand, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(self._take(scope, receive), self._limits.body_seconds)
        except TimeoutError:
            await self._refuse(scope, receive, send, too_slow(self._limits.body_seconds))
            return
        except RequestError as problem:
            await self._refuse(scope, receive, send, problem)
            return
        if body is not None:
            await self._app(scope, _once(body, receive), send)

    async def _take(self, scope: Scope, receive: Receive) -> bytes | None:
        """Take the body; None where the client has gone."""
        most = self._limits.body_megabytes * 1e6
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            raise too_large(self._limits.body_megabytes)
        parts, size, is_more = [], 0, True
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large(self._limits.body_megabytes)
            is_more = message.get("more_body", False)
        return b"".join(parts)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, problem: RequestError) -> None:
        from starlette.requests import Request

        response = await self._respond(Request(scope), problem)
        response.headers["connection"] = "close"  # the rest of the body is not read
        await response(scope, receive, send)


def _once(body: bytes, receive: Receive) -> Receive:
    """Give the body first, and then what else the server tells."""
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
