"""The bytes of an image, from a file or an address, or the reason why there are none."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from smartprod.catalog import Status
from smartprod.embeddings.decoding import ImageLimits, ImageProblem
from smartprod.remote import RemoteImages, RemoteProblem, is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartprod.config.schema import RemoteConfig


class ImageReader:
    """Reads images; safe for threads. Close it when done.

    Args:
        limits: What is too large to read.
        remote: What may be fetched, and how; nothing is started before the first address comes.
    """

    def __init__(self, limits: ImageLimits, remote: RemoteConfig) -> None:
        self._limits = limits
        self._config = remote
        self._lock = threading.Lock()
        self._opened: RemoteImages | None = None

    def expect(self, paths: Iterable[str]) -> None:
        """Begin to download the addresses among the images that `read` will be asked for."""
        addresses = [path for path in paths if is_address(path)]
        if addresses:
            self._remote().expect(addresses)

    def read(self, path: str) -> bytes:
        """Give the content of an image.

        Raises:
            ImageProblem: Why there is none.
            SmartprodError: (SP232, SP233) Downloads cannot be kept.
        """
        if is_address(path):
            try:
                return self._remote().read(path)
            except RemoteProblem as problem:
                raise ImageProblem(Status(problem.status), problem.reason) from None
        return self._read_file(path)

    def close(self) -> None:
        """End the downloads."""
        if self._opened is not None:
            self._opened.close()

    def _remote(self) -> RemoteImages:
        with self._lock:
            if self._opened is None:
                self._opened = RemoteImages(self._config, megabytes=self._limits.megabytes)
            return self._opened

    def _read_file(self, path: str) -> bytes:
        most = self._limits.megabytes
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes longer than a small read
                size = os.fstat(file.fileno()).st_size
                if size > most * 1e6:
                    raise ImageProblem(Status.TOO_LARGE, f"{size / 1e6:.1f} MB, more than {most:g}")
                return file.read()
        except FileNotFoundError:
            raise ImageProblem(Status.MISSING, "no such file") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageProblem(Status.UNREADABLE, f"cannot be read ({reason})") from error
