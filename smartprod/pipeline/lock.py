"""One run at a time in a run folder; the lock falls with the process that holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from smartprod.errors import PipelineError


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the run folder's lock.

    The operating system holds the lock, so a killed run leaves none behind and a re-used process number
    cannot keep it; the file `.lock` only tells who holds it.

    Raises:
        PipelineError: Another process is running in this folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="ascii") as file:
        if not _acquire(file):
            file.seek(0)
            raise PipelineError(
                "SP933",
                f"another run is at work in this folder (process {file.read().strip() or 'unknown'})",
                where=str(folder),
                fix="wait for it or stop it, or choose another folder with run.name=...",
            )
        try:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield
        finally:
            file.truncate(0)
            _release(file)


if sys.platform == "win32":
    import msvcrt

    # Bytes that are locked cannot be read by others: lock one far behind the process number.
    _POSITION = 1 << 20

    def _acquire(file: IO[str]) -> bool:
        file.seek(_POSITION)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(file: IO[str]) -> None:
        file.seek(_POSITION)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _acquire(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
