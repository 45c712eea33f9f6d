"""A folder that is written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a folder to fill beside the target, which takes its name at the end.

    Args:
        target: A folder that does not exist yet, or is empty.

    Raises:
        UsageError: (SP731) There is something at the target already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            "SP731",
            "there is something at the target already",
            where=str(target),
            fix="name a folder that does not exist yet, or remove what is there",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    filling = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        yield filling
        filling.chmod(0o755)
        if target.is_dir():
            target.rmdir()  # empty; Windows renames onto nothing
        filling.rename(target)
    finally:
        shutil.rmtree(filling, ignore_errors=True)
