"""Exported models in the user's cache: each file's name ends with the hash of its content."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.config import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


def _folder() -> Path:
    return cache_folder() / "onnx"


def read_exports(stem: str) -> Iterator[tuple[Path, bytes]]:
    """Read the exports kept under a stem; a damaged file is deleted, an unreadable one passed over.

    Two processes that export at once may each keep a file; both are good.
    """
    for path in sorted(_folder().glob(f"{stem}-*.onnx")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if _hash(content) == path.stem.rpartition("-")[2]:
            yield path, content
        else:
            drop_export(path)


def write_export(stem: str, content: bytes) -> None:
    """Keep an export, whole or not at all; warns where that is impossible."""
    folder = _folder()
    temporary: str | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(folder / f"{stem}-{_hash(content)}.onnx")
    except OSError as error:
        if temporary:
            drop_export(Path(temporary))
        warnings.warn(
            f"The exported model could not be kept in {folder} ({error}); it is made again next time.",
            stacklevel=2,
        )


def drop_export(path: Path) -> None:
    """Delete a file of the cache, if that is possible."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
