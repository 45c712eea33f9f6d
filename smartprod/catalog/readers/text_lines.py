"""Physical lines of a text file: encoding, gzip, line numbers, over-long lines, and going back."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smartprod.errors import CatalogError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNDECODED = "\udcff"
"""Stands for bytes that do not decode: a lone surrogate, which no decoder yields by itself."""

_HANDLER = "smartprod.undecoded"


def _mark_undecoded(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return UNDECODED, error.end
    raise error


codecs.register_error(_HANDLER, _mark_undecoded)


def decode_bytes(data: bytes, encoding: str = "utf-8") -> str:
    """Decode `data`, with `UNDECODED` in the place of what does not decode."""
    return data.decode(encoding, _HANDLER)


class RecordTooLongError(Exception):
    """A record that runs over more characters than allowed, usually behind a quote that is never closed."""


class OverlongLine(str):
    """Stands for one physical line beyond the limit; its text is dropped."""

    __slots__ = ()


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Open a plain or gzipped text file for streaming, line ends untranslated.

    Raises:
        UsageError: SP203 where the encoding is unknown.
        CatalogError: SP208 where the file cannot be read to its end.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            binary = gzip.GzipFile(fileobj=raw) if zipped else raw
            yield io.TextIOWrapper(binary, encoding=encoding, errors=_HANDLER, newline="")
    except LookupError as error:
        raise UsageError(
            "SP203",
            f"Unknown text encoding '{encoding}'.",
            where="catalog.encoding",
            fix="Use a name Python knows, such as utf-8, utf-16, cp1252, latin-1, cp1251, shift_jis or gb18030.",
        ) from error
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise CatalogError(
            "SP208",
            f"The table cannot be read to its end: {error}.",
            where=str(path),
            fix="Check that the file is complete (a cut download or archive?), readable, and of the declared encoding.",
        ) from error


class PhysicalLines:
    """Iterator over physical lines that can give the lines of a failed record back.

    Args:
        stream: Text opened with untranslated line ends.
        line_limit: Most characters of one line; a longer one becomes an `OverlongLine`.
        record_limit: Most characters of a record of several lines.
    """

    def __init__(self, stream: io.TextIOWrapper, *, line_limit: int, record_limit: int) -> None:
        self._stream = stream
        self._line_limit = line_limit
        self._record_limit = record_limit
        self._returned: deque[str] = deque()
        self._characters = 0
        self.number = 0
        self.record: list[str] = []

    def __iter__(self) -> PhysicalLines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        self.number += 1
        self.record.append(line)
        if len(self.record) > 1:
            self._characters += len(line)
            if self._characters > self._record_limit:
                raise RecordTooLongError
        return line

    def begin_record(self) -> None:
        """Forget the lines of the record before."""
        self.record = []
        self._characters = 0

    def keep_first_line_only(self) -> None:
        """Give back all lines of the current record but its first."""
        rest = self.record[1:]
        self._returned.extendleft(reversed(rest))
        self.number -= len(rest)
        del self.record[1:]

    def _read(self) -> str:
        line = self._stream.readline(self._line_limit)
        if not line:
            raise StopIteration
        if self.number == 0 and not self._returned:
            line = line.removeprefix("\ufeff") or "\n"
        if len(line) < self._line_limit or line[-1] in "\r\n":
            return line
        while line and line[-1] not in "\r\n":
            line = self._stream.readline(self._line_limit)
        return OverlongLine()
