"""Image cells: which paths they list, and which of them may and can be read."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from smartprod.catalog.attributes import parse_list
from smartprod.catalog.cell_text import NULL_WORDS, plain_value
from smartprod.catalog.status import Status
from smartprod.errors import UsageError

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]+://|data:)")


@dataclass(frozen=True, slots=True)
class ImagePath:
    """One listed image: its absolute path where it is usable, and what became of it."""

    path: str | None
    status: Status
    reason: str | None = None


def list_images(cell: object) -> list[str]:
    """List the paths of a cell: one plain path, a list, or a JSON or Python list in text.

    Raises:
        ValueError: With a short reason where the cell is none of these.
    """
    if isinstance(cell, str):
        text = cell.strip()
        if not text or text == "[]" or text in NULL_WORDS:
            return []
        if not text.startswith("["):
            return [text]
        cell = parse_list(text)
    value = plain_value(cell)
    if value is None:
        return []
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if not isinstance(value, list):
        raise ValueError(f"a {type(value).__name__} is no path")  # noqa: TRY004 - one kind of error for a bad cell
    paths = [item.strip() if isinstance(item, str) else item for item in value if item]
    for item in paths:
        if not isinstance(item, str):
            raise ValueError(f"a list that holds a {type(item).__name__}")  # noqa: TRY004
    return [path for path in paths if isinstance(path, str) and path]


class ImageFinder:
    """Judge listed paths against the image root; only the path is judged here, never the content.

    A path must lead to a regular file below the root after `..` has been resolved by name; links that lie below the root
    are followed, for they are the user's own.

    Args:
        root: Folder that relative paths start from and none may leave.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.normpath(root.absolute())
        self._prefix = self.root.rstrip(os.sep) + os.sep

    def find(self, listed: str) -> ImagePath:
        """Judge one path as it stands in the table."""
        if _URL.match(listed):
            scheme = listed.split(":", 1)[0].lower()
            return ImagePath(
                None, Status.FORBIDDEN, f"{_short(listed)}: {scheme} address; images are read from disk only"
            )
        found = self._look(listed)
        if found.status is Status.MISSING and "\\" in listed:  # a table written on Windows
            found = self._look(listed.replace("\\", "/"))
        return found

    def _look(self, listed: str) -> ImagePath:
        path = os.path.normpath(os.path.join(self.root, listed))  # noqa: PTH118 - four times as fast as pathlib
        if not path.startswith(self._prefix):
            return ImagePath(
                None, Status.FORBIDDEN, f"{_short(listed)}: outside the image folder (see catalog.image_root)"
            )
        problem = _problem(path)
        if problem is None:
            return ImagePath(path, Status.OK)
        status, reason = problem
        return ImagePath(None, status, f"{_short(listed)}: {reason}")


def _problem(path: str) -> tuple[Status, str] | None:
    """Say what stands against reading `path`, with one look at the file system."""
    try:
        path.encode()
        mode = os.stat(path).st_mode  # noqa: PTH116 - half the time of pathlib
    except UnicodeEncodeError:
        return Status.UNREADABLE, "not valid text"
    except ValueError:
        return Status.CORRUPT, "not a path"
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            return Status.MISSING, "no such file"
        return Status.UNREADABLE, error.strerror or "cannot be looked at"
    return None if stat.S_ISREG(mode) else (Status.CORRUPT, "not a file")


def image_root(declared: str | None, *, otherwise: Path) -> Path:
    """Find the folder that image paths start from: `catalog.image_root`, or the table's own folder.

    Raises:
        UsageError: SP210 where the declared folder does not exist.
    """
    if declared is None:
        return otherwise
    root = Path(declared).expanduser()
    if not root.is_dir():
        raise UsageError(
            "SP210",
            f"The image folder '{declared}' does not exist.",
            where="catalog.image_root",
            fix="Give the folder that the image paths of the table start from, or leave it out for the table's own folder.",
        )
    return root


def _short(text: str) -> str:
    """Quote a path in a reason: valid text, its beginning and end where it is long."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 120 else f"{text[:60]}...{text[-50:]}"
