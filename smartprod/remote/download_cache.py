"""Downloads kept on disk by their address: whole files only, the longest unused deleted first."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from smartprod.config import cache_folder
from smartprod.errors import SmartprodError, UsageError
from smartprod.remote.references import image_name, is_address

if TYPE_CHECKING:
    from smartprod.config.schema import RemoteConfig

_FULL, _TRIMMED = 1.0, 0.9
_TOUCH_SECONDS = 3_600.0
_LEFTOVER_SECONDS = 86_400.0
_DAY = 86_400.0


class SafeFile:
    """A file being written whose failures are told as those of the cache, not of the network.

    Args:
        file: Open for writing and reading, empty.
        place: The cache's folder.

    Attributes:
        size: Bytes written.
        digest: SHA-256 of them.
    """

    def __init__(self, file: IO[bytes], place: Path) -> None:
        self._file = file
        self._place = place
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write a piece.

        Raises:
            SmartprodError: (SP233) It cannot be written.
        """
        self.size += len(data)
        self.digest.update(data)
        with told_as_no_room(self._place):
            return self._file.write(data)

    def restart(self) -> None:
        """Forget what was written, for another try."""
        with told_as_no_room(self._place):
            self._file.seek(0)
            self._file.truncate()
        self.size = 0
        self.digest = hashlib.sha256()

    def head(self, size: int) -> bytes:
        """The first bytes; nothing may be written after."""
        with told_as_no_room(self._place):
            self._file.seek(0)
            return self._file.read(size)

    def sync(self) -> None:
        """Put everything on the disk: a cut file must not survive a power failure under its final name."""
        with told_as_no_room(self._place):
            self._file.flush()
            os.fsync(self._file.fileno())


@contextlib.contextmanager
def told_as_no_room(place: Path) -> Iterator[None]:
    """Tell what goes wrong with files of the cache.

    Raises:
        SmartprodError: (SP233) A file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise SmartprodError(
            "SP233",
            f"A download cannot be kept: {error.strerror or error}.",
            where=str(place),
            fix="Make room there, or set catalog.remote.cache or SMARTPROD_CACHE to another folder.",
        ) from error


@contextlib.contextmanager
def draft_of(path: Path) -> Iterator[SafeFile]:
    """Write a file that appears under its name whole, or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with told_as_no_room(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = draft.open("w+b")
    try:
        with raw:
            file = SafeFile(raw, path.parent)
            yield file
            file.sync()
        with told_as_no_room(path.parent):
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class DownloadCache:
    """A folder of downloads; safe for threads, and several processes may use one folder.

    Age counts from the time of change, use from the time of access, both set here; the total may pass the limit for as
    long as it takes to notice, and by what other processes add meanwhile.

    Args:
        folder: Made where it does not exist.
        gigabytes: Beyond that, the longest unused are deleted.
        days: Older downloads count as absent.

    Raises:
        UsageError: (SP232) The folder cannot be made.
    """

    def __init__(self, folder: Path, *, gigabytes: float, days: float) -> None:
        self.folder = folder
        self._most_bytes = gigabytes * 1e9
        self._most_seconds = days * _DAY
        self._lock = threading.Lock()
        self._total: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                "SP232",
                f"The folder for downloads cannot be made: {error.strerror or error}.",
                where=str(folder),
                fix="Set catalog.remote.cache, or the variable SMARTPROD_CACHE, to a folder that you may write to.",
            ) from error

    def find(self, address: str) -> Path | None:
        """The download of an address, where there is one young enough."""
        path = self._path(address)
        try:
            facts = path.stat()
            now = time.time()
            if now - facts.st_mtime > self._most_seconds:
                return None
            if now - facts.st_atime > _TOUCH_SECONDS:
                os.utime(path, (now, facts.st_mtime))
        except OSError:
            return None
        return path

    def keep(self, address: str, write: Callable[[SafeFile], None]) -> Path:
        """Call `write` with a file and keep it under the address; it appears whole or not at all.

        Raises:
            SmartprodError: (SP233) It cannot be written.
        """
        path = self._path(address)
        with draft_of(path) as file:
            write(file)
        self._trim(file.size)
        return path

    def _path(self, address: str) -> Path:
        name = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _trim(self, added: int) -> None:
        """Delete the longest unused downloads, and what killed processes left, once the limit is passed."""
        with self._lock:
            if self._total is not None:
                self._total += added
                if self._total <= _FULL * self._most_bytes:
                    return
            files = sorted(self._files())
            self._total = sum(size for _, size, _ in files)
            if self._total <= _FULL * self._most_bytes:
                return
            for _, size, path in files:
                with contextlib.suppress(OSError):  # in use on Windows, or gone already
                    path.unlink()
                    self._total -= size
                if self._total <= _TRIMMED * self._most_bytes:
                    return

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Time of use, size and path of each download."""
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(OSError):
                facts = path.stat()
                if path.name.startswith(".") and time.time() - facts.st_mtime < _LEFTOVER_SECONDS:
                    continue  # being written
                yield facts.st_atime, facts.st_size, path


def image_cache(config: RemoteConfig) -> DownloadCache:
    """The cache of downloaded images.

    Raises:
        UsageError: (SP232) Its folder cannot be made.
    """
    folder = Path(config.cache).expanduser() if config.cache else cache_folder() / "images"
    return DownloadCache(folder, gigabytes=config.cache_gigabytes, days=config.cache_days)


def image_on_disk(reference: str, config: RemoteConfig) -> Path:
    """Where an image is on disk: a path as it is, an address in the cache; where it is not there, a file that is not."""
    if not is_address(reference):
        return Path(reference)
    cache = image_cache(config)
    return cache.find(reference) or cache.folder / "absent" / image_name(reference)
