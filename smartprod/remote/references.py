"""What a table cell or a path refers to: a file on disk, or an address; and how an address may be shown."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://|(data):", re.IGNORECASE)
_CHAINED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]+::)+[A-Za-z][A-Za-z0-9+.\-]*(?:://|::|$)")
_USER = re.compile(r"(?<=://)[^/?#]*@")


def scheme_of(reference: str) -> str | None:
    """Name the scheme of an address in lower case, `chained` for fsspec's `zip::s3://...`; None for a path."""
    found = _ADDRESS.match(reference)
    if found:
        return (found[1] or found[2]).lower()
    return "chained" if "://" in reference and _CHAINED.match(reference) else None


def is_address(reference: str) -> bool:
    """Tell whether a reference is an address (of any scheme), not a path."""
    return scheme_of(reference) is not None


def file_path(address: str) -> str | None:
    """Give the path of a `file://` address, or None where it names another machine.

    `file:///a%20b.jpg` and `file://localhost/a%20b.jpg` are `/a b.jpg`; `?` and `#` have no meaning in a path, but
    must be escaped to be part of one.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.netloc.lower() not in {"", "localhost"}:
        return None
    path = unquote(parts.path, errors="surrogateescape")
    return path.lstrip("/") if os.name == "nt" else path


def redact(address: str) -> str:
    """Show an address without what may be secret: user, password, query and fragment; a path stays as it is."""
    scheme = scheme_of(address)
    if scheme is None:
        return address
    if scheme == "data":
        return f"{address[:30].partition(';')[0].partition(',')[0]}..."
    return _USER.sub("", re.split(r"[?#]", address, maxsplit=1)[0])


def image_name(reference: str) -> str:
    """The last part of a path or address, to name an image by in a reason."""
    if not is_address(reference):
        return os.path.basename(reference)  # noqa: PTH119 - a plain text operation
    return unquote(redact(reference).rstrip("/").rpartition("/")[2]) or redact(reference)
