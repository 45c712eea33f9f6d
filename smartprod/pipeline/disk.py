"""Failures of the disk, told as what they are: full, read-only, closed to the user, failing, or a file that has gone."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CLOSED = {errno.EACCES, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
_FAILING = {errno.EIO, getattr(errno, "ESTALE", errno.EIO)}
# Libraries in Rust and C++ give the system's number in their message only.
_NUMBER = re.compile(r"\((?:os error|errno) (\d+)\)|\[errno (\d+)\]", re.IGNORECASE)
_FILE = re.compile(r"local file '([^']+)'")


def disk_error(error: BaseException, *, where: str | Path | None = None) -> DiskError | None:
    """Tell a failure of the disk with a code of its own; None where the error is none.

    Errors that this one was raised from are looked at too, and messages of libraries that give the system's error number
    in words (pyarrow, Lance).

    Args:
        error: What was caught.
        where: The file or folder at work, told where the error names none.

    Returns:
        To be raised from `error`: the disk is full (SP940), read-only (SP941), closed to the user (SP942) or failing
        (SP944), or a file has gone or is a folder, or the other way round (SP943).
    """
    for each in _chain(error):
        number = _number(each)
        if number is not None:
            return _told(number, _place(each) or (str(where) if where else None))
    return None


def _told(number: int, place: str | None) -> DiskError | None:
    if number in _FULL:
        return DiskError(
            "SP940",
            f"the disk is full: {os.strerror(number)}{_free(place)}",
            where=place,
            fix="free some space there, or write to another disk; what was finished is kept",
        )
    if number == errno.EROFS:
        return DiskError(
            "SP941",
            "the disk can only be read",
            where=place,
            fix="write to another folder, or have the disk mounted for writing",
        )
    if number in _CLOSED:
        return DiskError(
            "SP942",
            f"this user may not do that here: {os.strerror(number)}",
            where=place,
            fix="give this user the right to read or write it, or name another file or folder",
        )
    if number in _GONE:
        return DiskError(
            "SP943",
            f"a file or folder is not there, or not of the kind it should be: {os.strerror(number)}",
            where=place,
            fix="put it back, move away what stands there, or correct the path",
        )
    if number in _FAILING:
        return DiskError(
            "SP944",
            f"the disk or the network share fails: {os.strerror(number)}",
            where=place,
            fix="check the disk or the connection; what was finished is kept",
        )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk from an error to those that it was raised from."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__


def _number(error: BaseException) -> int | None:
    """Find the system's error number, as an attribute or in the message."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if not isinstance(error, (OSError, RuntimeError, ValueError)):
        return None
    found = _NUMBER.search(str(error))
    return int(found[1] or found[2]) if found else None


def _place(error: BaseException) -> str | None:
    name = getattr(error, "filename", None)
    if name:
        return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)
    found = _FILE.search(str(error))
    return found[1] if found else None


def _free(place: str | None) -> str:
    """Say how much is free where the nearest existing folder above `place` lies."""
    if place is None:
        return ""
    folder = next((each for each in (Path(place), *Path(place).parents) if each.is_dir()), None)
    if folder is None:
        return ""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return ""
    return f" ({usage.free / 1e6:,.0f} of {usage.total / 1e6:,.0f} MB are free)"
