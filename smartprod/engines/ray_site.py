"""What a worker on another machine has to find there: the caller's folders, files and packages."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import JobError
from smartprod.pipeline import hash_package

if TYPE_CHECKING:
    from smartprod.config import Config

_MARK = ".shared-"


@dataclass(frozen=True, slots=True)
class Site:
    """The machine that the command was called on, as far as workers on other machines depend on it.

    Attributes:
        folder: The current folder, which relative paths begin in.
        files: What workers have to see: how each looks (`a file of 12 bytes`), by absolute path.
        packages: Version of each package that smartprod needs, without the build (`+cpu`).
        variables: The environment variables that smartprod reads.
    """

    folder: str
    files: Mapping[str, str]
    packages: Mapping[str, str]
    variables: Mapping[str, str]

    def enter(self) -> None:
        """Make this process see what the caller sees: its current folder and its variables.

        Raises:
            JobError: The machine has other packages (SP845), or does not see the caller's files (SP846).
        """
        ours = installed_packages()
        other = [
            f"{name} {ours.get(name, 'missing')} in place of {version}"
            for name, version in self.packages.items()
            if ours.get(name) != version
        ]
        if other:
            raise JobError(
                "SP845",
                f"the machine {platform.node()} has other packages: {', '.join(other)}",
                fix="install the same versions on every machine, for instance with constraints.txt",
            )
        unseen = [path for path, look in self.files.items() if describe_path(Path(path)) != look]
        if not Path(self.folder).is_dir():
            unseen.insert(0, self.folder)
        if unseen:
            raise JobError(
                "SP846",
                f"the machine {platform.node()} does not see the files of the machine that the command was called on",
                where=", ".join(unseen),
                fix="let all machines share one file system, mounted in the same places (docs/scaling.md)",
            )
        os.chdir(self.folder)
        os.environ.update(self.variables)


@contextmanager
def open_site(parts: Path, config: Config) -> Iterator[Site]:
    """Describe this machine, with a mark in the folder of the parts that tells it from another folder of that name.

    Args:
        parts: The folder of the parts.
        config: Names the table and the folder of its images.
    """
    for left in parts.glob(f"{_MARK}*"):
        left.unlink(missing_ok=True)
    mark = parts.absolute() / f"{_MARK}{secrets.token_hex(8)}"
    mark.touch()
    try:
        yield Site(
            folder=str(Path.cwd()),
            files={str(path): describe_path(path) for path in (mark, *_inputs(config))},
            packages=installed_packages(),
            variables={name: value for name, value in os.environ.items() if name.startswith("SMARTPROD_")},
        )
    finally:
        mark.unlink(missing_ok=True)


def _inputs(config: Config) -> list[Path]:
    """The table, and the folder that image paths start from, where they are here."""
    table = Path(config.catalog.path).expanduser().absolute()
    images = Path(config.catalog.image_root or table.parent).expanduser().absolute()
    return [path for path in (table, images) if path.exists()]


def describe_path(path: Path) -> str:
    """Say how a path looks from here; an empty folder may be one that nothing is mounted in."""
    try:
        if path.is_dir():
            return "a folder" if any(path.iterdir()) else "an empty folder"
        return f"a file of {path.stat().st_size} bytes"
    except OSError:
        return "nothing"


def installed_packages() -> dict[str, str]:
    """The version of smartprod, of its source, and of each package that it needs."""
    needed = [text for text in importlib.metadata.requires("smartprod") or () if "extra ==" not in text]
    names = [match[0] for text in needed if (match := re.match(r"[\w.-]+", text))]
    versions = {
        "smartprod": importlib.metadata.version("smartprod"),
        "its source": hash_package("smartprod")[:12],
    }
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "missing"
    return versions
