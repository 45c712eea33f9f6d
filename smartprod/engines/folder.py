"""The folder of a job's parts, which one process at a time works in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smartprod.errors import JobConflictError, JobError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE = ".lock"


@contextmanager
def hold_folder(folder: Path, *, fresh: bool = False) -> Iterator[None]:
    """Hold the folder of a job's parts; the lock falls with the process that holds it.

    Args:
        folder: Made where it is not there.
        fresh: Remove what an earlier job left in it.

    Raises:
        JobError: Another process holds it (SP809), or it cannot be written to (SP812).
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK_FILE, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise JobConflictError(
            "SP809",
            "another process is at work on these parts",
            where=str(folder),
            fix="wait for it or stop it, or write to another place",
        ) from error
    except OSError as error:
        raise JobError(
            "SP812",
            f"nothing can be written here: {error.strerror or error}",
            where=str(folder),
            fix="name a folder that you may write to",
        ) from error
    try:
        for path in sorted(folder.iterdir()) if fresh else ():  # a mark of success goes before the parts
            if path.name != LOCK_FILE:
                path.unlink()
        yield
    finally:
        lock.release()
