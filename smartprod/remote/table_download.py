"""Copies of remote tables on disk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.errors import SmartprodError
from smartprod.remote.connection import Connections
from smartprod.remote.download_cache import SafeFile, draft_of, told_as_no_room
from smartprod.remote.http_download import Answer, HttpDownload, HttpLimits
from smartprod.remote.policy import HTTP_SCHEMES, RemotePolicy
from smartprod.remote.problem import RemoteProblem
from smartprod.remote.references import redact
from smartprod.remote.tables import RemoteFile, copy_path, unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0
_TRIES = 4
_CHUNK = 1 << 20
_FACTS = "answer.json"
_TRUSTED_SECONDS = 60.0
_SETTLED_SECONDS = 60.0
_KEPT_SECONDS = 7 * 86_400.0
_lock = threading.Lock()
_downloaded: dict[str, tuple[RemoteFile, float]] = {}


def forget_downloads() -> None:
    """Make the next `download_table` ask the server whether its table has changed."""
    with _lock:
        _downloaded.clear()


def download_table(address: str) -> RemoteFile:
    """Download a table over http(s), unless the copy in the cache is the server's present one.

    Asked again within a minute, the process does not ask the server again: a server that names no version would send the
    whole table each time.

    Its version is the SHA-256 of its content: whatever the server says of it, an equal file is the same table.

    Raises:
        CatalogError: (SP236) The server cannot be reached, or refuses.
        SmartprodError: (SP233) The copy cannot be written.
    """
    with _lock:
        known, since = _downloaded.get(address, (None, 0.0))
        if known is not None and time.monotonic() - since < _TRUSTED_SECONDS:
            return known
        digest, path = _current(address)
        found = RemoteFile(redact(address), path.name, digest, str(path))
        _downloaded[address] = (found, time.monotonic())
        return found


def keep_copy(file: RemoteFile) -> Path:
    """Copy a file of a store to disk, unless the copy in the cache is of the same version.

    Raises:
        CatalogError: (SP236) The store fails.
        SmartprodError: (SP233) The copy cannot be written.
    """
    path = copy_path(file.address, file.version)
    if path.exists():
        os.utime(path)
        return path
    try:
        with file.open() as source, draft_of(path) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
    except SmartprodError:
        raise
    except Exception as error:  # each store's client raises its own
        raise unreachable(file.address, type(error).__name__) from error
    _remove_old_versions(path)
    return path


def _current(address: str) -> tuple[str, Path]:
    """Digest and copy of the table that the server has now."""
    folder = copy_path(address, "").parent.parent
    known = _read_facts(folder / _FACTS, address)
    draft = folder / f"download-{os.getpid()}"
    try:
        with draft_of(draft) as file:
            answer = _ask(address, file, _conditions(known))
        if answer.status == 304 and known is not None:
            path = copy_path(address, known["digest"])
            os.utime(path)
            return known["digest"], path
        digest = file.digest.hexdigest()
        path = copy_path(address, digest)
        with told_as_no_room(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    facts = {
        "digest": digest,
        **{name: answer.headers.get(name) for name in ("etag", "last-modified", "date")},
    }
    with draft_of(folder / _FACTS) as target:
        target.write(json.dumps(facts).encode())
    _remove_old_versions(path)
    return digest, path


def _ask(address: str, file: SafeFile, headers: Mapping[str, str]) -> Answer:
    policy = RemotePolicy(allow=True, schemes=HTTP_SCHEMES, allow_private=True)
    connections = Connections(policy, connect_seconds=_CONNECT_SECONDS, per_host=1)
    http = HttpDownload(policy, connections, HttpLimits(_READ_SECONDS))
    try:
        for attempt in range(_TRIES):
            try:
                return http.get(address, file, seconds=float("inf"), headers=headers)
            except RemoteProblem as problem:
                if not problem.passing or attempt == _TRIES - 1:
                    raise unreachable(address, problem.reason) from problem
                time.sleep(min(30.0, problem.wait or 2.0**attempt))
                file.restart()
    finally:
        connections.close()
    raise unreachable(address, "the server does not answer")


def _read_facts(path: Path, address: str) -> dict[str, Any] | None:
    """What was noted of the last download, where its copy is still there."""
    with contextlib.suppress(OSError, ValueError):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if copy_path(address, facts["digest"]).is_file():
            return facts
    return None


def _conditions(known: Mapping[str, Any] | None) -> dict[str, str]:
    """Ask for the table only if it has changed, where the server's own marks are sure to tell."""
    headers = {"Accept": "*/*"}
    if known and known.get("etag"):
        headers["If-None-Match"] = known["etag"]
    elif known and _is_settled(known):
        headers["If-Modified-Since"] = known["last-modified"]
    return headers


def _is_settled(facts: Mapping[str, Any]) -> bool:
    """Tell whether a time of change, which counts in seconds, was long past when it was told (RFC 9110, 8.8.2.2)."""
    try:
        changed, told = (parsedate_to_datetime(facts[name]) for name in ("last-modified", "date"))
        return (told - changed).total_seconds() >= _SETTLED_SECONDS
    except (KeyError, TypeError, ValueError):
        return False


def _remove_old_versions(path: Path) -> None:
    """Remove other versions of a table that were not asked for within a week."""
    for folder in path.parent.parent.iterdir():
        with contextlib.suppress(OSError):
            if folder.is_dir() and folder != path.parent:
                used = max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
                if time.time() - used > _KEPT_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
