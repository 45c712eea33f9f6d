"""Uploaded tables: a CSV, or a zip of one and its photos, unpacked so that nothing but the upload can be read.

A zip is somebody's program for writing files: its names, sizes and numbers are judged before a byte is written, and its bytes
counted while they are.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from smartprod.errors import SmartprodError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.page.limits import PageLimits

TABLES = (".csv", ".tsv")
_PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
_MOST_NAME = 400
_CHUNK = 1 << 20
_ENCRYPTED = 0x1


class UploadError(SmartprodError):
    """An upload that is not taken."""


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """A table that was uploaded.

    Attributes:
        table: The table.
        image_root: The folder that its image paths start from; nothing outside it can be read.
        photos: How many photos came with it.
    """

    table: Path
    image_root: Path
    photos: int


def take_upload(upload: Path, folder: Path, limits: PageLimits) -> UploadedTable:
    """Take an uploaded CSV, TSV or zip.

    Args:
        upload: The uploaded file.
        folder: An empty folder to put it into.
        limits: Sizes and numbers.

    Raises:
        UploadError: SP877 to SP884, with what to do.
    """
    suffix = upload.suffix.lower()
    if suffix not in (*TABLES, ".zip"):
        raise UploadError(
            "SP877",
            f"a file of the kind `{suffix or 'without an ending'}` is no table",
            fix="upload a .csv or .tsv file, or a .zip with one and its photos",
        )
    if upload.stat().st_size > limits.upload_megabytes * 1e6:
        raise UploadError(
            "SP878", f"the file is larger than {limits.upload_megabytes:g} MB", fix="upload a part of it"
        )
    root = folder / "upload"
    root.mkdir()
    if suffix != ".zip":
        return UploadedTable(Path(shutil.copyfile(upload, root / f"table{suffix}")), root, 0)
    try:
        with zipfile.ZipFile(upload) as archive:
            return _unpack(archive, root, limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UploadError(
            "SP879", f"the zip cannot be unpacked: {error}", fix="make it again; without a password"
        ) from error


def _unpack(archive: zipfile.ZipFile, root: Path, limits: PageLimits) -> UploadedTable:
    entries = archive.infolist()
    if len(entries) > limits.files:
        raise UploadError(
            "SP880", f"the zip holds {len(entries):,} files", fix=f"upload {limits.files:,} at most at a time"
        )
    for entry in entries:
        _check(entry)
    kept = [entry for entry in entries if _is_kept(entry)]
    if sum(entry.file_size for entry in kept) > limits.unpacked_megabytes * 1e6:
        raise _too_much(limits)
    table = _the_table([entry.filename for entry in kept])
    left = int(limits.unpacked_megabytes * 1e6)
    for entry in kept:
        left -= _write(archive, entry, root / entry.filename, left, limits)
    photos = sum(PurePosixPath(entry.filename).suffix.lower() in _PHOTOS for entry in kept)
    path = root / table
    return UploadedTable(path, path.parent, photos)


def _check(entry: zipfile.ZipInfo) -> None:
    """Refuse a zip that has an entry no honest zip has."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    leaves = name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if leaves or is_link or len(name) > _MOST_NAME or entry.flag_bits & _ENCRYPTED:
        told = (
            "is a link" if is_link else "has a password" if entry.flag_bits & _ENCRYPTED else "leaves the zip"
        )
        raise UploadError(
            "SP881",
            f"the zip is refused: `{ascii(name)[1:60]}` {told}",
            fix="zip plain files in plain folders",
        )


def _is_kept(entry: zipfile.ZipInfo) -> bool:
    """Tables and photos are kept; folders, hidden files and what systems add are passed over."""
    path = PurePosixPath(entry.filename)
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not entry.is_dir() and not is_hidden and path.suffix.lower() in (*TABLES, *_PHOTOS)


def _the_table(names: Sequence[str]) -> str:
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in TABLES]
    if len(tables) != 1:
        raise UploadError(
            "SP882",
            "the zip holds no .csv or .tsv file" if not tables else f"the zip holds {len(tables)} tables",
            fix="zip one table with its photos; its image column names them as they lie beside it",
        )
    return tables[0]


def _write(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int, limits: PageLimits
) -> int:
    """Write an entry, as long as it keeps to what may be unpacked; returns its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise _too_much(limits)
            target.write(chunk)
    return written


def _too_much(limits: PageLimits) -> UploadError:
    return UploadError(
        "SP883",
        f"the zip holds more than {limits.unpacked_megabytes:,.0f} MB when it is unpacked",
        fix="upload a part of it",
    )
