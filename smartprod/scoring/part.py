"""The job of scoring: read the rows of a part, answer, and write its file whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from smartprod.catalog import LABEL_ROLES, stream_products
from smartprod.embeddings import EmbeddingStore
from smartprod.model import Answerer, answered_table, load_model
from smartprod.pipeline import write_atomically
from smartprod.remote import redact
from smartprod.scoring.extracted import RunAnswers
from smartprod.scoring.image_folders import ImageFolders
from smartprod.scoring.streams import PartStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.config import Config
    from smartprod.engines import Advance, Part
    from smartprod.model import Answers, SavedModel
    from smartprod.scoring.extracted import ExtractedRun

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
        run: A run to score in place of a table.
    """

    model: str
    mode: str
    config: Config
    parts: str
    store: str | None
    run: ExtractedRun | None = None

    def open(self, *, threads: int) -> PartScorer:
        """Open the model in this process."""
        model = load_model(self.model)
        if self.run is not None:
            return PartScorer(self, model, RunAnswers(self.run, model, mode=self.mode, threads=threads))
        run = self.config.run.model_copy(update={"threads": threads})
        return PartScorer(
            self, model, _TableAnswers(self, model, self.config.model_copy(update={"run": run}))
        )


class _PartAnswers(Protocol):
    """Answers for the rows of parts, some rows at a time."""

    def answer(self, part: Part) -> Iterator[Answers]: ...

    def check(self) -> None: ...

    def close(self) -> None: ...


class PartScorer:
    """A worker that scores parts with one open model.

    Args:
        job: What to score.
        model: The model.
        answers: Where its answers come from.
    """

    def __init__(self, job: ScoringJob, model: SavedModel, answers: _PartAnswers) -> None:
        self._job = job
        self._model = model
        self._answers = answers

    def do(self, part: Part, advance: Advance) -> None:
        """Score a part and write its file.

        Args:
            part: Which rows.
            advance: Told how many more rows are done, and how many of them have no usable input.

        Raises:
            JobError: The table ends before the part does (SP802), or the folder of its images is gone (SP817).
        """
        import pyarrow.parquet as pq

        modalities = [encoder.modality for encoder in self._model.record.encoders]
        top_k = self._job.config.score.top_k
        scored = []
        for answers in self._answers.answer(part):
            table = answered_table(answers, classes=self._model.classes, modalities=modalities, top_k=top_k)
            scored.append(table)
            advance(table.num_rows, table["head"].null_count)
        self._answers.check()
        path = Path(self._job.parts) / part.file_name
        write_atomically(
            path, lambda temporary: pq.write_table(pa.concat_tables(scored), temporary, compression="zstd")
        )

    def close(self) -> None:
        """End the decode threads."""
        self._answers.close()


class _TableAnswers:
    """Answers for the rows of a product table: cleaned, decoded and encoded here."""

    def __init__(self, job: ScoringJob, model: SavedModel, config: Config) -> None:
        store = EmbeddingStore(Path(job.store).expanduser()) if job.store else None
        self._answerer = Answerer.open(model, mode=job.mode, config=config, store=store)
        self._stream = PartStream(
            lambda row: stream_products(
                config.catalog, batch_rows=_ROWS_PER_READ, optional=LABEL_ROLES, first_row=row
            ),
            place=redact(config.catalog.path),
        )
        self._folders = ImageFolders()

    def answer(self, part: Part) -> Iterator[Answers]:
        products = self._stream.read(part)
        self._folders.note(products)
        return self._answerer.steps(products)

    def check(self) -> None:
        self._folders.check()

    def close(self) -> None:
        self._answerer.close()
