"""A training that is stopped midway, and what it wrote, for tests that it ends as if it never had been."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smartprod.pipeline.console import ProgressMeter


@contextmanager
def interrupted_at(number: int) -> Iterator[None]:
    """Stop what runs inside at so manieth sign of progress, as Ctrl-C does; photos that are looked at first count too."""
    shown = 0

    def advance(meter: ProgressMeter, *_: object, **__: object) -> None:
        nonlocal shown
        shown += 1
        if shown == number:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressMeter, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            yield


def written(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
