"""Images and tables by address: what may be fetched, how, and where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use
from smartprod.remote.policy import POLICY_KEYS, RemotePolicy
from smartprod.remote.problem import RemoteProblem
from smartprod.remote.references import file_path, image_name, is_address, redact, scheme_of

if TYPE_CHECKING:
    from smartprod.remote.download_cache import image_on_disk
    from smartprod.remote.images import RemoteImages
    from smartprod.remote.tables import (
        RemoteFile,
        RemoteTable,
        find_table,
        is_remote_table,
        refresh_table,
    )

_HOMES = {
    "RemoteFile": "tables",
    "RemoteImages": "images",
    "RemoteTable": "tables",
    "find_table": "tables",
    "image_on_disk": "download_cache",
    "is_remote_table": "tables",
    "refresh_table": "tables",
}

__all__ = [
    "POLICY_KEYS",
    "RemoteFile",
    "RemoteImages",
    "RemotePolicy",
    "RemoteProblem",
    "RemoteTable",
    "file_path",
    "find_table",
    "image_name",
    "image_on_disk",
    "is_address",
    "is_remote_table",
    "redact",
    "refresh_table",
    "scheme_of",
]

__getattr__ = imported_on_first_use(__name__, _HOMES)  # urllib3 is needed only where an address is fetched
