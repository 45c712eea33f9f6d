"""The job of scoring: read the rows of a part, answer, and write its file whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog import LABEL_ROLES, stream_products
from smartprod.embeddings import EmbeddingStore
from smartprod.errors import JobError
from smartprod.model import Answerer, answered_table, load_model
from smartprod.pipeline import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.config import Config
    from smartprod.engines import Advance, Part

_ROWS_PER_READ = 2_048


@dataclass(frozen=True, slots=True)
class ScoringJob:
    """What a worker needs to score parts, in plain values that travel between processes.

    Attributes:
        model: The model folder.
        mode: How heads are combined.
        config: The model's configuration with the table in `catalog.path`.
        parts: Folder that the files of the parts go to.
        store: Folder of an embedding store to use; None keeps no embeddings.
    """

    model: str
    mode: str
    config: Config
    parts: str
    store: str | None

    def open(self, *, threads: int) -> PartScorer:
        """Open the model in this process."""
        run = self.config.run.model_copy(update={"threads": threads})
        config = self.config.model_copy(update={"run": run})
        store = EmbeddingStore(Path(self.store).expanduser()) if self.store else None
        return PartScorer(
            self, Answerer.open(load_model(self.model), mode=self.mode, config=config, store=store)
        )


class PartScorer:
    """A worker that scores parts with one open model.

    Args:
        job: What to score.
        answerer: The open model.
    """

    def __init__(self, job: ScoringJob, answerer: Answerer) -> None:
        self._job = job
        self._reader = _PartReader(job.config)
        self._answerer = answerer

    def do(self, part: Part, advance: Advance) -> None:
        """Score a part and write its file.

        Args:
            part: Which rows.
            advance: Told how many more rows are done, and how many of them have no usable input.

        Raises:
            JobError: (SP802) The table ends before the part does.
        """
        import pyarrow.parquet as pq

        model = self._answerer.model
        scored = []
        for answers in self._answerer.steps(self._reader.read(part)):
            table = answered_table(
                answers,
                classes=model.classes,
                modalities=[encoder.modality for encoder in model.record.encoders],
                top_k=self._job.config.score.top_k,
            )
            scored.append(table)
            advance(table.num_rows, table["head"].null_count)
        path = Path(self._job.parts) / part.file_name
        write_atomically(
            path, lambda temporary: pq.write_table(pa.concat_tables(scored), temporary, compression="zstd")
        )

    def close(self) -> None:
        """End the decode threads."""
        self._answerer.close()


class _PartReader:
    """Reads the rows of parts from one stream of the table, which is opened again only to jump."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stream: Iterator[pa.RecordBatch] = iter(())
        self._waiting: list[pa.RecordBatch] = []
        self._position = -1

    def read(self, part: Part) -> pa.Table:
        """Give the product rows of a part."""
        if part.start != self._position:
            self._stream = stream_products(
                self._config.catalog, batch_rows=_ROWS_PER_READ, optional=LABEL_ROLES, first_row=part.start
            )
            self._waiting = []
        read: list[pa.RecordBatch] = []
        lacking = part.rows
        while lacking:
            batch = self._waiting.pop() if self._waiting else next(self._stream, None)
            if batch is None:
                raise JobError(
                    "SP802",
                    f"the table ends {lacking:,} rows before its row {part.start + part.rows:,}: it changed while it was scored",
                    where=self._config.catalog.path,
                    fix="score a table that nobody writes to; add --fresh",
                )
            if batch.num_rows > lacking:
                self._waiting.append(batch.slice(lacking))
                batch = batch.slice(0, lacking)
            read.append(batch)
            lacking -= batch.num_rows
        self._position = part.start + part.rows
        return pa.Table.from_batches(read)
