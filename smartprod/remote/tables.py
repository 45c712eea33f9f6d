"""Tables by address: what files there are, in which version, and how to read them.

The user names a table himself, so nothing has to be allowed first. Over http(s) a table is downloaded to the cache, and
asked for again only if it changed; elsewhere it is read in place, or downloaded where a reader goes over it several
times.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartprod.config import cache_folder
from smartprod.errors import CatalogError, UsageError
from smartprod.remote.object_store import file_system
from smartprod.remote.policy import HTTP_SCHEMES, require_packages
from smartprod.remote.references import redact, scheme_of

TABLE_SCHEMES = (
    "https", "http", "s3", "gs", "gcs", "az", "abfs", "abfss", "hdfs", "webhdfs", "sftp", "ftp", "hf", "memory",
)  # fmt: skip
"""Kinds of addresses that a table may have, beside `file://`."""

# What stores tell of an object that changes with its content.
_VERSION_FACTS = (
    "size", "ETag", "etag", "md5", "md5Hash", "content_md5", "generation", "VersionId", "mtime", "modified",
    "LastModified", "last_modified", "updated", "created", "blob_id",
)  # fmt: skip
_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a table that lies elsewhere.

    Attributes:
        address: For people: without user, password or query.
        name: Relative to the table where that is a folder, else the file's own.
        version: Changes when the content does.
        source: The path within `store`, or where there is no store the file on disk.
        store: The fsspec file system; None for a download.
    """

    address: str
    name: str
    version: str
    source: str
    store: Any = None

    def open(self) -> Any:
        """Open it for reading in place, in blocks; what pyarrow takes for a file."""
        if self.store is None:
            return self.source
        return self.store.open(self.source, "rb", block_size=_BLOCK, cache_type="readahead")

    def on_disk(self) -> Path:
        """A copy on disk, made at the first call and kept in the cache under the address and the version.

        Raises:
            CatalogError: (SP236) The store fails.
            SmartprodError: (SP233) The copy cannot be written.
        """
        from smartprod.remote.table_download import keep_copy

        return Path(self.source) if self.store is None else keep_copy(self)


@dataclass(frozen=True, slots=True)
class RemoteTable:
    """A table that lies elsewhere.

    Attributes:
        address: For people: without user, password or query.
        is_folder: Whether it is a folder of files.
        files: Its files, sorted by name.
    """

    address: str
    is_folder: bool
    files: tuple[RemoteFile, ...]

    @property
    def folder(self) -> str:
        """The address of the folder that it is or lies in, without a slash at the end."""
        address = self.address.rstrip("/")
        return address if self.is_folder else address.rpartition("/")[0]


def is_remote_table(path: str) -> bool:
    """Tell whether a table lies elsewhere: it is named by an address, and not by a `file://` one."""
    return scheme_of(path) not in {None, "file"}


def find_table(address: str) -> RemoteTable:
    """Find the files of a table: one, or all below a folder.

    Over http(s) it is downloaded, and for a minute taken to be unchanged; see `refresh_table`.

    Raises:
        UsageError: SP234 where such addresses are not read; SP250, SP251 where a package is not installed; SP235 where
            nothing is there.
        CatalogError: SP236 where it cannot be reached or downloaded.
    """
    scheme = _check_scheme(address)
    if scheme in HTTP_SCHEMES:
        from smartprod.remote.table_download import download_table

        return RemoteTable(redact(address), is_folder=False, files=(download_table(address),))
    return _find_in_store(address, scheme)


def refresh_table(address: str) -> RemoteTable:
    """Find the files of a table as it is now; a download is made anew if the table has changed."""
    if scheme_of(address) in HTTP_SCHEMES:
        from smartprod.remote.table_download import forget_downloads

        forget_downloads()
    return find_table(address)


def tables_folder() -> Path:
    """Where copies of tables are kept."""
    return cache_folder() / "tables"


def copy_path(address: str, version: str) -> Path:
    """Where the copy of one version of a table is kept; the file's name tells the format, so it is left."""
    name = redact(address).rstrip("/").rpartition("/")[2]
    safe = (
        "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[-100:] or "table"
    )
    key = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return tables_folder() / key / hashlib.sha256(version.encode()).hexdigest()[:24] / safe


def unreachable(address: str, reason: str) -> CatalogError:
    """The error of a table that cannot be had."""
    return CatalogError(
        "SP236",
        f"The table cannot be read from its address: {reason}.",
        where=redact(address),
        fix="Check the address and your access to it, and try again.",
    )


def _check_scheme(address: str) -> str:
    scheme = scheme_of(address) or ""
    if scheme not in TABLE_SCHEMES:
        raise UsageError(
            "SP234",
            f"Tables are not read from {scheme}:// addresses.",
            where=f"catalog.path = {redact(address)}",
            fix=f"Use one of {', '.join(TABLE_SCHEMES)}, or a path on disk.",
        )
    require_packages((scheme,), where=f"catalog.path = {redact(address)}")
    return scheme


def _find_in_store(address: str, scheme: str) -> RemoteTable:
    try:
        store = file_system(scheme)
        path = store._strip_protocol(address)
        store.invalidate_cache()
        facts = store.info(path)
        found = store.find(path, detail=True) if facts.get("type") == "directory" else {}
    except FileNotFoundError as error:
        raise UsageError(
            "SP235",
            "There is no table at this address.",
            where=f"catalog.path = {redact(address)}",
            fix="Check the address.",
        ) from error
    except Exception as error:  # each store's client raises its own
        raise unreachable(address, f"the store's client failed ({type(error).__name__})") from error
    shown, root = redact(address).rstrip("/"), path.rstrip("/")
    if facts.get("type") != "directory":
        only = RemoteFile(shown, root.rpartition("/")[2], _version(facts), root, store)
        return RemoteTable(shown, is_folder=False, files=(only,))
    files = (
        RemoteFile(f"{shown}/{name}", name, _version(entry), place, store)
        for place, entry in found.items()
        if (name := place.removeprefix(root).lstrip("/"))
    )
    return RemoteTable(shown, is_folder=True, files=tuple(sorted(files, key=lambda file: file.name)))


def _version(facts: dict[str, Any]) -> str:
    return json.dumps({name: facts[name] for name in _VERSION_FACTS if name in facts}, default=str)
