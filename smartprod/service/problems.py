"""Why a request was not answered, as a coded error with its HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import SmartprodError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class RequestError(SmartprodError):
    """A request that cannot be answered.

    Args:
        status: HTTP status of the response.
        code: Stable code.
        what: What happened, in one sentence.
        where: Part of the request.
        fix: What the client can do.
    """

    def __init__(
        self, status: int, code: str, what: str, *, where: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(code, what, where=where, fix=fix)
        self.status = status


def too_large(megabytes: float) -> RequestError:
    """The body of the request is over the limit."""
    return RequestError(
        413, "SP860", f"the request is larger than {megabytes:g} MB",
        where="body", fix="send fewer products in a request, or smaller photos",
    )  # fmt: skip


def too_slow(seconds: float) -> RequestError:
    """The body of the request did not arrive in time."""
    return RequestError(408, "SP861", f"the request did not arrive within {seconds:g} seconds", where="body")


def not_valid(problems: Sequence[Mapping[str, object]]) -> RequestError:
    """The request is not what the schema says; the first problem is told, and how many more there are."""
    first = problems[0]
    place = first.get("loc")
    where = ".".join(_plain(part) for part in place) if isinstance(place, tuple | list) else None
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return RequestError(
        422, "SP862", f"{_plain(first.get('msg', 'not valid'))}{more}",
        where=where, fix="see /openapi.json",
    )  # fmt: skip


def refused(status: int, told: object) -> RequestError:
    """The server itself refused the request: an unknown address, a wrong method, a body that cannot be parsed."""
    return RequestError(status, "SP863", _plain(told), fix="see /openapi.json")


def failed(error: Exception) -> RequestError:
    """A defect; its kind is told, its message may name paths of this machine."""
    return RequestError(
        500, "SP864", f"this is a defect in smartprod: {type(error).__name__}",
        fix="report it with what the service printed",
    )  # fmt: skip


def _plain(value: object) -> str:
    """Write a value as text that can be sent: half of a surrogate pair cannot."""
    return str(value).encode("utf-8", "backslashreplace").decode()[:300]
