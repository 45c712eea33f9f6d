"""Files in object stores (`s3://`, `gs://`, `az://`), by way of fsspec and with the user's own credentials."""

from __future__ import annotations

from typing import Any

from smartprod.errors import SmartprodError
from smartprod.remote.download_cache import SafeFile
from smartprod.remote.problem import RemoteProblem

_CHUNK = 1 << 20


def file_system(scheme: str) -> Any:
    """The fsspec file system of a scheme; one for all threads."""
    import fsspec

    return fsspec.filesystem(scheme)


def download_object(address: str, file: SafeFile, *, megabytes: float | None) -> None:
    """Write the object at an address to `file`.

    Time limits and further tries within one call are those of the store's own client.

    Raises:
        RemoteProblem: Why it cannot be had.
    """
    scheme = address.partition("://")[0].lower()
    try:
        store = file_system(scheme)
        path = store._strip_protocol(f"{scheme}://{address.partition('://')[2]}")
        facts = store.info(path)
        _check_facts(facts, megabytes)
        _copy(store, path, file, megabytes)
    except (RemoteProblem, SmartprodError):
        raise
    except FileNotFoundError as error:
        raise RemoteProblem("missing", "no such object") from error
    except PermissionError as error:
        raise RemoteProblem("unreadable", "not allowed by the store") from error
    except Exception as error:  # each store's client raises its own
        reason = f"the store's client failed ({type(error).__name__})"
        raise RemoteProblem("unreadable", reason, passing=True) from error


def _copy(store: Any, path: str, file: SafeFile, megabytes: float | None) -> None:
    received = 0
    with store.open(path, "rb", block_size=_CHUNK, cache_type="readahead") as source:
        while chunk := source.read(_CHUNK):
            received += len(chunk)
            _check_size(received, megabytes)
            file.write(chunk)


def _check_facts(facts: dict[str, Any], megabytes: float | None) -> None:
    if facts.get("type") == "directory":
        raise RemoteProblem("corrupt", "not a file")
    _check_size(int(facts.get("size") or 0), megabytes)


def _check_size(size: int, megabytes: float | None) -> None:
    if megabytes is not None and size > megabytes * 1e6:
        raise RemoteProblem("too_large", f"more than {megabytes:g} MB")
