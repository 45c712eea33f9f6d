"""Parquet datasets: which files of a folder belong to the table, in which order, and what their folders say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from smartprod.errors import CatalogError, UsageError

if TYPE_CHECKING:
    from smartprod.catalog.readers.location import TableLocation
    from smartprod.remote import RemoteFile

_EXTENSIONS = (".parquet", ".pq")
_PARTITION = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """A Parquet file of a table.

    Attributes:
        source: The file, on disk or elsewhere.
        folders: Value of each column that the folders above the file give, as Hive writes them (`brand=Acme`).
    """

    source: Path | RemoteFile
    folders: dict[str, str | None]

    @property
    def place(self) -> str:
        """The file, for people."""
        return str(self.source) if isinstance(self.source, Path) else self.source.address

    def open(self) -> Any:
        """Give what pyarrow reads: a path, or an open file."""
        return self.source if isinstance(self.source, Path) else self.source.open()


def is_dataset(folder: Path) -> bool:
    """Tell whether a folder is a Parquet dataset: it or a `key=value` folder in it holds a Parquet file."""
    return next(_walk(folder), None) is not None


def dataset_files(location: TableLocation) -> tuple[DatasetFile, ...]:
    """Name the Parquet files of a table, sorted by name.

    Hidden files and those that begin with an underscore are left out (`_SUCCESS`, `_metadata`), and so are folders that are
    not named `key=value`, which may hold images.

    Raises:
        UsageError: SP237 where there is none.
        CatalogError: SP239 where files lie at different depths or under different keys.
    """
    if not location.is_folder:
        return (DatasetFile(location.on_disk if location.remote is None else location.remote.files[0], {}),)
    if location.remote is None:
        root = location.on_disk
        names: dict[str, Path | RemoteFile] = {
            path.relative_to(root).as_posix(): path for path in _walk(root)
        }
    else:
        names = {file.name: file for file in location.remote.files if _belongs(file.name)}
    found = [
        DatasetFile(names[name], partition_values(name))
        for name in sorted(names, key=lambda name: name.split("/"))
    ]
    if not found:
        raise UsageError(
            "SP237",
            "There is no Parquet file in this folder.",
            where=location.place,
            fix="Files of a dataset end in .parquet and lie in the folder itself or in key=value folders.",
        )
    _check_folders(found)
    return tuple(found)


def partition_values(name: str) -> dict[str, str | None]:
    """Read the columns off the folders in a relative name: `brand=Acme%20Ltd/part-0.parquet`."""
    pairs = (_PARTITION.fullmatch(folder) for folder in name.split("/")[:-1])
    return {
        unquote(pair[1]): None if pair[2] == _NULL_PARTITION else unquote(pair[2]) for pair in pairs if pair
    }


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.name.lower().endswith(_EXTENSIONS) and path.is_file():
            yield path
        elif _PARTITION.fullmatch(path.name) and path.is_dir():
            yield from _walk(path)


def _belongs(name: str) -> bool:
    *folders, last = name.split("/")
    return (
        last.lower().endswith(_EXTENSIONS)
        and all(map(_PARTITION.fullmatch, folders))
        and not any(part.startswith((".", "_")) for part in (*folders, last))
    )


def _check_folders(files: list[DatasetFile]) -> None:
    first = files[0]
    for file in files:
        if list(file.folders) != list(first.folders):
            raise CatalogError(
                "SP239",
                f"The files lie in folders of different keys: {_keys(first)} and {_keys(file)}.",
                where=f"{first.place}\n         {file.place}",
                fix="Give a folder in which all files lie under the same keys.",
            )


def _keys(file: DatasetFile) -> str:
    return "/".join(f"{key}=..." for key in file.folders) or "none"
