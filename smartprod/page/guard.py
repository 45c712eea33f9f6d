"""What may be asked of the page: the addresses that it needs, and only files that were uploaded.

Gradio itself refuses paths of the machine only where it was launched by its own server, and fetches a file that a request names by
address; neither is left to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The page loads nothing from anywhere else, and no other page may show it in a frame.
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'self'; form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_EXACT = {"/", "/config", "/theme.css", "/manifest.json", "/favicon.ico"}
_BELOW = ("/assets/", "/static/", "/svelte/")
_API = "/gradio_api/"
_API_PARTS = ("queue/", "run/", "heartbeat/", "file=", "info", "startup-events", "cancel", "reset")
_UPLOADS = {"upload", "upload_progress"}
_MOST_JSON = 4_000_000


class PageGuard:
    """ASGI middleware.

    Args:
        app: The page.
        uploads: The folder of uploaded files.
    """

    def __init__(self, app: ASGIApp, uploads: Path) -> None:
        self._app = app
        self._uploads = uploads.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, is_post = scope["path"], scope["method"] == "POST"
        if not is_needed(path):
            await _refuse(send, 404, "there is no such address")
            return
        if is_post and path.removeprefix(_API) not in _UPLOADS:
            body = await _body(receive)
            if body is None:
                await _refuse(send, 413, "the request is too large")
                return
            if not self.names_uploads_only(body):
                await _refuse(send, 403, "a file that was not uploaded")
                return
            receive = _once(body, receive)
        await self._app(scope, receive, _with_headers(send))

    def names_uploads_only(self, body: bytes) -> bool:
        """Whether a request is JSON that names no file but uploaded ones."""
        try:
            document = json.loads(body) if body else None
            return all(self._is_upload(place) for place in _places(document))
        except (ValueError, RecursionError, OSError):
            return False

    def _is_upload(self, place: object) -> bool:
        return isinstance(place, str) and Path(place).resolve().is_relative_to(self._uploads)


def is_needed(path: str) -> bool:
    """Whether the page needs an address."""
    if path.startswith(_API):
        part = path.removeprefix(_API)
        return part in _UPLOADS or part.startswith(_API_PARTS)
    return path in _EXACT or path.startswith(_BELOW)


def _places(value: Any) -> Iterator[object]:
    """Everything in a document that Gradio could take for the place of a file."""
    if isinstance(value, dict):
        if value.get("path") is not None:
            yield value["path"]
        for each in value.values():
            yield from _places(each)
    elif isinstance(value, list):
        for each in value:
            yield from _places(each)


async def _body(receive: Receive) -> bytes | None:
    """Take the body; None where it is too large."""
    parts, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MOST_JSON:
            return None
        is_more = message.get("more_body", False)
    return b"".join(parts)


def _once(body: bytes, receive: Receive) -> Receive:
    """Give the body first, and then what else the server tells."""
    left = [body]

    async def give() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return give


def _with_headers(send: Send) -> Send:
    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await send(message)

    return give


async def _refuse(send: Send, status: int, told: str) -> None:
    body = json.dumps({"detail": told}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
