"""Send a finished file to an address (fsspec: `s3://`, `gs://`, `az://`, `sftp://`, ...)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import JobError, UsageError
from smartprod.remote import redact

if TYPE_CHECKING:
    from pathlib import Path


def check_address(address: str) -> None:
    """Make sure that there is somebody who can write to an address, before anything is computed.

    Raises:
        UsageError: (SP818) fsspec, or its part for this kind of address, is not installed.
    """
    try:
        import fsspec

        fsspec.get_filesystem_class(address.partition("://")[0].lower())
    except (ImportError, ValueError) as error:
        raise UsageError(
            "SP818",
            f"nothing here can write to this address: {error}",
            where=redact(address),
            fix="pip install 'smartprod[remote]' and the package named above, or write to disk and copy",
        ) from error


def upload(file: Path, address: str) -> None:
    """Send a file, first under another name and whole, then renamed.

    Raises:
        JobError: (SP819) The other side fails.
    """
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
        parent = path.rpartition("/")[0]
        if parent:
            system.makedirs(parent, exist_ok=True)
        system.put_file(str(file), f"{path}.unfinished")
        system.mv(f"{path}.unfinished", path)
    except Exception as error:  # each kind of storage raises errors of its own
        raise JobError(
            "SP819",
            f"the answers cannot be sent: {type(error).__name__}: {error}",
            where=redact(address),
            fix="mend the address or the credentials; all parts are kept, and only the sending is done again",
        ) from error
