"""The job of extraction: embed the rows of a part, and write its rows of the embedding index whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.catalog import reason_column, status_column
from smartprod.embeddings.account import rows_without_embedding
from smartprod.embeddings.extraction import Extractor
from smartprod.embeddings.image_batch import Tally
from smartprod.embeddings.index import INDEX_SCHEMA, encoders_of
from smartprod.embeddings.store import EmbeddingStore
from smartprod.encoders import configure_offline
from smartprod.errors import JobError
from smartprod.pipeline import TableReader, write_atomically

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.embeddings.index import EncoderRecord
    from smartprod.engines import Advance, Part

_TALLY_KEY = b"smartprod.tally"
_PRODUCT_COLUMNS = ("row", "images", status_column("images"), reason_column("images"))
_TEXT_COLUMNS = ("row", "text", status_column("text"), reason_column("text"))


@dataclass(frozen=True, slots=True)
class ExtractionJob:
    """What a worker needs to extract parts, in plain values that travel between processes.

    Attributes:
        products: The file of the product table.
        clean_text: The file of the clean texts.
        config: The configuration.
        store: Folder of the embedding store.
        parts: Folder that the files of the parts go to.
    """

    products: str
    clean_text: str
    config: Config
    store: str
    parts: str

    def open(self, *, threads: int) -> PartExtractor:
        """Open the encoders in this process."""
        configure_offline(self.config)
        store = EmbeddingStore(Path(self.store))
        return PartExtractor(self, Extractor.open(self.config, store=store, threads=threads))


class PartExtractor:
    """A worker that extracts parts with its encoders open.

    Args:
        job: What to extract.
        extractor: The open encoders.
    """

    def __init__(self, job: ExtractionJob, extractor: Extractor) -> None:
        self._job = job
        self._store = EmbeddingStore(Path(job.store))
        self._products = TableReader(Path(job.products), _PRODUCT_COLUMNS)
        self._clean_text = TableReader(Path(job.clean_text), _TEXT_COLUMNS)
        self._extractor = extractor

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """Records of the encoders."""
        return self._extractor.encoders

    def do(self, part: Part, advance: Advance) -> None:
        """Put the embeddings of a part into the store, then write its rows of the index.

        What was computed is in the store even where the part is not finished.

        Args:
            part: Which rows.
            advance: Told how many more rows are done, and how many of them have no embedding at all.

        Raises:
            JobError: A table ends before the part does (SP430), or the folder of its images has gone (SP433).
        """
        products, clean_text = (
            _read(reader, part, path)
            for reader, path in (
                (self._products, self._job.products),
                (self._clean_text, self._job.clean_text),
            )
        )
        extractor = self._extractor
        extractor.image_tally, extractor.text_tally = Tally(), Tally()
        rows = _RowSteps(part.rows, self._count_images(products) + self._count_texts(clean_text), advance)
        images = extractor.embed_images(products, sink=self._store, advance=rows.step)
        _check_folder(products)
        texts = extractor.embed_texts(clean_text, sink=self._store, advance=rows.step)
        index = extractor.join(images, texts)
        tallies = {"images": asdict(extractor.image_tally), "texts": asdict(extractor.text_tally)}
        noted = index.replace_schema_metadata(
            {**index.schema.metadata, _TALLY_KEY: json.dumps(tallies).encode()}
        )
        write_atomically(
            Path(self._job.parts) / part.file_name,
            lambda temporary: pq.write_table(noted, temporary, compression="zstd"),
        )
        rows.finish(bad=rows_without_embedding(index))

    def _count_images(self, products: pa.Table) -> int:
        """Count the files that will be looked at first."""
        section = self._job.config.extract
        listed = products["images"].to_pylist() if section.image else []
        return len({path for paths in listed for path in (paths or ())[: section.images_per_product]})

    def _count_texts(self, clean_text: pa.Table) -> int:
        return len(clean_text["text"].unique().drop_null()) if self._job.config.extract.text else 0

    def close(self) -> None:
        """End the decode threads, and close the tables."""
        self._extractor.close()
        self._products.close()
        self._clean_text.close()


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedPart:
    """What was read of a finished part.

    Attributes:
        index: Its rows of the embedding index.
        encoders: The encoders of its embeddings.
        images: Images computed and reused for it.
        texts: Texts computed and reused for it.
    """

    index: pa.Table
    encoders: tuple[EncoderRecord, ...]
    images: Tally
    texts: Tally


def read_part(path: Path) -> ExtractedPart:
    """Read the file of a finished part.

    Raises:
        EncoderError: (SP422) It names no encoders.
    """
    with pq.ParquetFile(path) as file:
        table = file.read()
    tallies = json.loads((table.schema.metadata or {}).get(_TALLY_KEY, b'{"images": {}, "texts": {}}'))
    index = pa.table(table.columns, schema=INDEX_SCHEMA)
    return ExtractedPart(index, encoders_of(table), Tally(**tallies["images"]), Tally(**tallies["texts"]))


class _RowSteps:
    """Tells the advance of a part in rows, while its images and texts are done one by one.

    Args:
        rows: Of the part.
        items: Images and texts that will be looked at.
        advance: Told of the rows.
    """

    def __init__(self, rows: int, items: int, advance: Advance) -> None:
        self._rows = rows
        self._items = items
        self._advance = advance
        self._items_done = 0
        self._rows_told = 0

    def step(self, items: int) -> None:
        """Count items; the last row is told of only when the part is finished."""
        self._items_done += items
        share = min(1.0, self._items_done / max(1, self._items))
        rows = max(0, int(share * (self._rows - 1)) - self._rows_told)
        self._rows_told += rows
        self._advance(rows, 0)  # also where it is none: this is where a wish to stop is noticed

    def finish(self, *, bad: int) -> None:
        """Tell of the rows that are left, and of the bad ones."""
        self._advance(self._rows - self._rows_told, bad)


def _check_folder(products: pa.Table) -> None:
    """Refuse rows whose images seem missing because their disk was taken off; the catalog had found them."""
    for paths in products["images"]:
        for path in paths.as_py() or ():
            if "://" not in path and not Path(path).parent.is_dir():
                raise JobError(
                    "SP433",
                    "a folder of images has gone since the table was read",
                    where=str(Path(path).parent),
                    fix="put it back; or add --fresh to read the table again, without the images",
                )
            return


def _read(reader: TableReader, part: Part, path: str) -> pa.Table:
    table = reader.read(part.start, part.rows)
    if table.num_rows != part.rows:
        raise JobError(
            "SP430",
            f"the table ends before row {part.start + part.rows:,}: it has {reader.num_rows:,} rows",
            where=path,
            fix="add --fresh to make it again",
        )
    return table
