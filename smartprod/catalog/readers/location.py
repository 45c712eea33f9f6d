"""Where the table is: on disk or at an address, a file or a folder."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.remote import file_path, find_table, is_remote_table, redact, scheme_of

if TYPE_CHECKING:
    from smartprod.config.schema import CatalogConfig
    from smartprod.remote import RemoteTable


@dataclass(frozen=True, slots=True)
class TableLocation:
    """Where a table is: either on disk or elsewhere.

    Attributes:
        path: The file or folder on disk, absolute.
        remote: What there is at an address.
    """

    path: Path | None
    remote: RemoteTable | None = None

    @property
    def place(self) -> str:
        """For people."""
        return str(self.path) if self.remote is None else self.remote.address

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of files."""
        return self.on_disk.is_dir() if self.remote is None else self.remote.is_folder

    @property
    def on_disk(self) -> Path:
        """The file or folder; of a remote file a copy, made when it is first needed."""
        if self.remote is not None:
            return self.remote.files[0].on_disk()
        assert self.path is not None
        return self.path

    @property
    def image_folder(self) -> Path | str:
        """What image paths start from by default: the folder that the table is or lies in, or the address of it."""
        if self.remote is not None:
            return self.remote.folder
        return self.on_disk if self.is_folder else self.on_disk.parent


def locate_table(config: CatalogConfig) -> TableLocation:
    """Resolve `catalog.path`: a path, a `file://` address or another one.

    Raises:
        UsageError: SP201 where there is no such file or folder; SP250, SP251, SP234, SP235 for an address that cannot be
            read.
        CatalogError: SP236 where an address cannot be reached.
    """
    if is_remote_table(config.path):
        return TableLocation(None, find_table(config.path))
    named = file_path(config.path) if scheme_of(config.path) == "file" else config.path
    path = Path(named or config.path).expanduser().absolute()
    if path.exists():
        return TableLocation(path)
    fix = "Check the path; it is taken relative to the current folder."
    if path.parent.is_dir():
        close = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=3)
        fix = f"Did you mean {' or '.join(close)}?" if close else fix
    raise UsageError(
        "SP201", f"There is no table '{redact(config.path)}'.", where=f"catalog.path = {path}", fix=fix
    )
