"""Rows of parts from one stream of a table, which is opened again only to jump: nothing is held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.errors import JobConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smartprod.engines import Part


class PartStream:
    """Reads the rows of parts, best in their order.

    Args:
        open_at: Opens the stream at a row.
        place: The table, as named in errors.
    """

    def __init__(self, open_at: Callable[[int], Iterator[pa.RecordBatch]], *, place: str) -> None:
        self._open_at = open_at
        self._place = place
        self._stream: Iterator[pa.RecordBatch] = iter(())
        self._waiting: list[pa.RecordBatch] = []
        self._position = -1

    def read(self, part: Part) -> pa.Table:
        """Give the rows of a part.

        Raises:
            JobConflictError: (SP802) The table ends before the part does.
        """
        if part.start != self._position:
            self._stream = self._open_at(part.start)
            self._waiting = []
        self._position = -1  # until the rows are there
        read: list[pa.RecordBatch] = []
        lacking = part.rows
        while lacking:
            batch = self._waiting.pop() if self._waiting else next(self._stream, None)
            if batch is None:
                raise JobConflictError(
                    "SP802",
                    f"the table ends {lacking:,} rows before its row {part.start + part.rows:,}: it changed while it was scored",
                    where=self._place,
                    fix="score a table that nobody writes to; add --fresh",
                )
            if batch.num_rows > lacking:
                self._waiting.append(batch.slice(lacking))
                batch = batch.slice(0, lacking)
            read.append(batch)
            lacking -= batch.num_rows
        self._position = part.start + part.rows
        return pa.Table.from_batches(read)
