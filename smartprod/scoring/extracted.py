"""A run whose extraction is done, as a table to score: no photo is opened, no text cleaned, nothing encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.embeddings import EmbeddingStore, encoders_of, extraction_manifest, store_folder
from smartprod.errors import UsageError
from smartprod.fusion import fitting_threads, load_products
from smartprod.model import Answers, check_encoders
from smartprod.pipeline import RunFolder, TableFile, TableReader

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.embeddings import EncoderRecord
    from smartprod.engines import Part
    from smartprod.fusion import ProductEmbeddings
    from smartprod.model import SavedModel

_ROWS_PER_STEP = 2_048
_TOLD = (  # what an answer tells of a row besides its category; texts and image paths are not read
    "row",
    "id",
    "status.",
    "reason.",
)


@dataclass(frozen=True, slots=True)
class ExtractedRun:
    """The products of a run and their embeddings.

    Attributes:
        products: The artefact `products`.
        index: The artefact `embedding_index`.
        texts: The artefact `clean_text`.
        store: The embedding store that the run used.
    """

    products: str
    index: str
    texts: str
    store: str

    @staticmethod
    def is_run(table: Path) -> bool:
        """Whether a path is a run folder, rather than a table."""
        return RunFolder(table).config_path.is_file() and (table / "catalog").is_dir()

    @classmethod
    def open(cls, folder: Path, *, store: Path | None) -> ExtractedRun:
        """Find what a run extracted.

        Args:
            folder: The run folder.
            store: The embedding store; None: the one that the run's configuration names.

        Raises:
            UsageError: The extraction is not done (SP813), or of another state of the table (SP814).
        """
        run = RunFolder(folder)
        catalog, extract = run.manifest("catalog"), extraction_manifest(run)
        if catalog is None or extract is None:
            raise UsageError(
                "SP813",
                "this run has no finished extraction to score from",
                where=str(folder),
                fix="finish it with `smartprod run extract`, or score the product table itself",
            )
        if extract.parts.get("input products") != catalog.fingerprint:
            raise UsageError(
                "SP814",
                "the products of this run were read anew after its extraction: embeddings and rows do not belong together",
                where=str(folder),
                fix="bring the extraction up to date with `smartprod run extract`",
            )
        return cls(
            str(run.artefact_path("products")),
            str(run.artefact_path("embedding_index")),
            str(run.artefact_path("clean_text")),
            str(store or _store_of(run)),
        )

    def fingerprint(self) -> str:
        """Identify the rows and their index cheaply, by size and time of change, in hexadecimal."""
        digest = hashlib.sha256()
        for path in (Path(self.products), Path(self.index)):
            facts = path.stat()
            digest.update(
                f"{path}\t{facts.st_size}\t{facts.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
            )
        return digest.hexdigest()

    def count(self) -> int:
        """How many rows there are."""
        return TableFile(Path(self.products)).num_rows

    def encoders(self) -> tuple[EncoderRecord, ...]:
        """What the products were embedded with."""
        return encoders_of(TableFile(Path(self.index)).schema.empty_table())

    def open_products(self) -> TableReader:
        """Open what an answer tells of each row besides its category; texts and image paths are not read."""
        file = TableFile(Path(self.products))
        return file.open([name for name in file.schema.names if name.startswith(_TOLD)])

    def open_index(self) -> TableReader:
        """Open the embedding index."""
        return TableFile(Path(self.index)).open()

    def open_texts(self) -> TableReader:
        """Open the clean texts, which a mode that asks the words head wants."""
        return TableFile(Path(self.texts)).open(["text"])


class RunAnswers:
    """Answers for the products of a run; the next embeddings are looked up while the last ones are answered for.

    Args:
        run: The run.
        model: A model with the run's encoders.
        mode: How its heads are combined.
        threads: Threads at most. Heads are asked with one for a batch of this size: the other cores look up.

    Raises:
        ModelError: (SP718) The run's encoders are not those that the model was trained with.
    """

    def __init__(self, run: ExtractedRun, model: SavedModel, *, mode: str, threads: int) -> None:
        check_encoders(model, run.encoders())
        elements = _ROWS_PER_STEP * sum(encoder.dim for encoder in model.record.encoders)
        self._limits = ExitStack()
        self._limits.enter_context(fitting_threads(elements, available=threads))
        self._decider = model.decider_for(mode)
        self._store = EmbeddingStore(Path(run.store).expanduser())
        self._products, self._index = run.open_products(), run.open_index()
        self._texts = run.open_texts() if self._decider.asks_words else None
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="look-up")
        self._begun: tuple[int, int, Future[_Rows]] | None = None

    def answer(self, part: Part) -> Iterator[Answers]:
        """Answer for the rows of a part, some at a time."""
        for start in range(part.start, part.start + part.rows, _ROWS_PER_STEP):
            count = min(_ROWS_PER_STEP, part.start + part.rows - start)
            rows = self._fetch(start, count)
            self._begin(start + count, min(_ROWS_PER_STEP, part.rows))  # most often that is what comes next
            decisions = self._decider.decide(rows.embeddings, texts=rows.texts)
            yield Answers(rows.products, rows.index, decisions)

    def _fetch(self, start: int, count: int) -> _Rows:
        if self._begun is None or self._begun[:2] != (start, count):
            self._begin(start, count)
        assert self._begun is not None
        return self._begun[2].result()

    def _begin(self, start: int, count: int) -> None:
        count = min(count, self._products.num_rows - start)
        self._begun = (start, count, self._ahead.submit(self._read, start, count)) if count > 0 else None

    def _read(self, start: int, count: int) -> _Rows:
        index = self._index.read(start, count)
        texts = None if self._texts is None else self._texts.read(start, count)["text"].to_pylist()
        return _Rows(self._products.read(start, count), index, load_products(index, None, self._store), texts)

    def check(self) -> None:
        """Embeddings that are gone were told already."""

    def close(self) -> None:
        """End the thread and close the files."""
        self._ahead.shutdown(wait=True, cancel_futures=True)
        for table in (self._products, self._index, self._texts):
            if table is not None:
                table.close()
        self._limits.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Some rows of a run."""

    products: pa.Table
    index: pa.Table
    embeddings: ProductEmbeddings
    texts: list[str | None] | None


def _store_of(run: RunFolder) -> Path:
    from smartprod.config import load_config

    config = load_config(str(run.config_path)).config
    beside = config.run.model_copy(update={"folder": str(run.root.parent)})  # the run may have been moved
    return store_folder(config.model_copy(update={"run": beside}))
