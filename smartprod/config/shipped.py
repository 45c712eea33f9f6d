"""Where the shipped configurations and pipelines lie: in the installed package, or in a checkout."""

from __future__ import annotations

from pathlib import Path

from smartprod.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folder(kind: str) -> Path:
    """The folder of the shipped `configs` or `pipelines`.

    Raises:
        UsageError: The installation lacks it.
    """
    for folder in (_PACKAGE / "_shipped" / kind, _PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise UsageError(
        "SP119",
        f"the shipped {kind} are missing from this installation",
        where=str(_PACKAGE),
        fix="install again",
    )
