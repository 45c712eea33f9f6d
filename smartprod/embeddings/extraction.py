"""Extraction: rows of products in; their embeddings in the store, and the index that leads to them, out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from smartprod.catalog import Status, reason_column, status_column
from smartprod.embeddings.buffer import StoreBuffer
from smartprod.embeddings.decoding import ImageLimits
from smartprod.embeddings.image_batch import ImageBatches, Tally
from smartprod.embeddings.image_reader import ImageReader
from smartprod.embeddings.index import INDEX_SCHEMA, EncoderRecord, with_encoders
from smartprod.embeddings.keys import text_key
from smartprod.embeddings.loading import ModalityEmbeddings, load_embeddings
from smartprod.embeddings.store import EmbeddingSource, MemoryStore, to_stored
from smartprod.encoders import load_encoder, use_torch_threads
from smartprod.remote import image_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from smartprod.config import Config
    from smartprod.embeddings.image_batch import RowImages
    from smartprod.encoders import ImageEncoder, TextEncoder

_TEXTS_PER_CALL = 256

Advance = Callable[[int], None]


def _ignore(_: int) -> None:
    """Stand in for a progress meter."""


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """The embeddings of a batch of rows, in memory.

    Attributes:
        index: Which embeddings each row has, with statuses and reasons (`INDEX_SCHEMA`).
        image: Image embeddings, one row per product.
        text: Text embeddings, one row per product.
    """

    index: pa.Table
    image: ModalityEmbeddings
    text: ModalityEmbeddings


@dataclass(slots=True)
class Extractor:
    """Holds encoders and decode threads, and gives batches of rows their embeddings.

    Use it as a context manager, and for as many batches as there are: encoders are opened once.

    Attributes:
        image_encoders: Each image goes to all of them.
        text_encoders: Each text goes to all of them.
        config: The configuration; its `extract` section is used.
        store: Where embeddings are looked up and kept; None keeps them for one batch only.
        threads: Threads that decode images while the model runs.
        image_tally: Images computed and reused so far.
        text_tally: Texts computed and reused so far.
    """

    image_encoders: Sequence[ImageEncoder]
    text_encoders: Sequence[TextEncoder]
    config: Config
    store: EmbeddingSource | None
    threads: int
    image_tally: Tally = field(default_factory=Tally)
    text_tally: Tally = field(default_factory=Tally)
    _pool: ThreadPoolExecutor = field(init=False, repr=False)
    _reader: ImageReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._reader = ImageReader(self._limits, self.config.catalog.remote)
        self._pool = ThreadPoolExecutor(
            self.config.extract.decode_threads or self.threads,
            thread_name_prefix="decode",
            # torch's resize must not start a thread team of its own in each decode thread
            initializer=use_torch_threads,
            initargs=(1,),
        )

    @classmethod
    def open(cls, config: Config, *, store: EmbeddingSource | None, threads: int) -> Extractor:
        """Open the encoders that the configuration names.

        Args:
            config: The configuration; call `configure_offline(config)` before.
            store: Where embeddings are looked up and kept; None keeps them for one batch only.
            threads: Threads for the models, and as many for decoding.

        Raises:
            UsageError: An encoder's name is unknown.
            EncoderError: An encoder cannot be opened.
        """
        section = config.extract
        return cls(
            image_encoders=[
                load_encoder(name, modality="image", config=section, threads=threads)
                for name in section.image
            ],
            text_encoders=[
                load_encoder(name, modality="text", config=section, threads=threads) for name in section.text
            ],
            config=config,
            store=store,
            threads=threads,
        )

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """Records of all encoders, image encoders first."""
        return tuple(EncoderRecord.of(encoder) for encoder in (*self.image_encoders, *self.text_encoders))

    def run(self, products: pa.Table, clean_text: pa.Table) -> Extraction:
        """Embed a batch of rows and load the result; a few thousand rows at a time keep memory small.

        Args:
            products: Rows of the product table.
            clean_text: Rows of the clean texts, for the same products in the same order.
        """
        sink = self.store or MemoryStore()
        index = self.join(self.embed_images(products, sink=sink), self.embed_texts(clean_text, sink=sink))
        return Extraction(
            index=index,
            image=load_embeddings(index, modality="image", store=sink),
            text=load_embeddings(index, modality="text", store=sink),
        )

    def embed_images(
        self, products: pa.Table, *, sink: EmbeddingSource, advance: Advance = _ignore
    ) -> pa.Table:
        """Put the image embeddings of a batch of rows into `sink` and give the image columns of their index.

        Args:
            products: Rows of the product table.
            sink: Where embeddings are looked up and kept.
            advance: Told how many more images are done.
        """
        paths = (
            [listed or [] for listed in products["images"].to_pylist()]
            if self.image_encoders
            else [[]] * len(products)
        )
        with StoreBuffer(sink) as buffer:
            rows = self._image_batches(buffer).run(paths, advance=advance)
        statuses = products[status_column("images")].to_pylist()
        reasons = products[reason_column("images")].to_pylist()
        verdicts = list(map(_image_verdict, rows, statuses, reasons))
        columns = {
            "row": products["row"],
            "image_keys": [list(row.keys) for row in rows],
            "image_key": [row.keys[0] if row.keys else None for row in rows],
            status_column("images"): [status for status, _ in verdicts],
            reason_column("images"): [reason for _, reason in verdicts],
        }
        return _index_columns(columns)

    def embed_texts(
        self, clean_text: pa.Table, *, sink: EmbeddingSource, advance: Advance = _ignore
    ) -> pa.Table:
        """Put the text embeddings of a batch of rows into `sink` and give the text columns of their index.

        Args:
            clean_text: Rows of the clean texts.
            sink: Where embeddings are looked up and kept.
            advance: Told how many more distinct texts are done.
        """
        started = perf_counter()
        texts: list[str | None] = (
            clean_text["text"].to_pylist() if self.text_encoders else [None] * len(clean_text)
        )
        keys = [text_key(text) if text else None for text in texts]
        by_key = {key: text for key, text in zip(keys, texts, strict=True) if key and text}
        lacking = [_lacking(encoder, by_key, sink) for encoder in self.text_encoders]
        # Texts of similar length share a call; after it they are done for all encoders.
        computed = sorted(set().union(*lacking), key=lambda key: (-len(by_key[key]), key))
        with StoreBuffer(sink) as buffer:
            for start in range(0, len(computed), _TEXTS_PER_CALL):
                part = computed[start : start + _TEXTS_PER_CALL]
                for encoder, wanted in zip(self.text_encoders, lacking, strict=True):
                    _encode_texts(encoder, [key for key in part if key in wanted], by_key, buffer)
                advance(len(part))
        advance(len(by_key) - len(computed))
        self.text_tally.computed += len(computed)
        self.text_tally.reused += len(by_key) - len(computed)
        self.text_tally.seconds += perf_counter() - started
        names = (status_column("text"), reason_column("text"))
        return _index_columns({"text_key": keys, **{name: clean_text[name] for name in names}})

    def join(self, images: pa.Table, texts: pa.Table) -> pa.Table:
        """Put the image and the text columns of the same rows side by side, and write the encoders into the metadata."""
        columns = {
            name: (images if name in images.schema.names else texts)[name] for name in INDEX_SCHEMA.names
        }
        return with_encoders(pa.table(columns, schema=INDEX_SCHEMA), self.encoders)

    def _image_batches(self, sink: EmbeddingSource) -> ImageBatches:
        section = self.config.extract
        return ImageBatches(
            encoders=self.image_encoders,
            store=sink,
            pool=self._pool,
            reader=self._reader,
            limits=self._limits,
            per_row=section.images_per_product,
            tally=self.image_tally,
        )

    @property
    def _limits(self) -> ImageLimits:
        section = self.config.extract
        return ImageLimits(section.max_image_megapixels, section.max_image_megabytes)

    def close(self) -> None:
        """End downloads and decode threads."""
        self._reader.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Extractor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _index_columns(columns: dict[str, Any]) -> pa.Table:
    return pa.table(columns, schema=pa.schema([INDEX_SCHEMA.field(name) for name in columns]))


def _lacking(encoder: TextEncoder, texts: Mapping[str, str], store: EmbeddingSource) -> set[str]:
    """Name the keys that the store lacks for an encoder."""
    found = store.contains(encoder.fingerprint, list(texts))
    return {key for key, there in zip(texts, found, strict=True) if not there}


def _encode_texts(
    encoder: TextEncoder, keys: list[str], texts: Mapping[str, str], sink: EmbeddingSource
) -> None:
    if keys:
        embeddings = encoder.encode([texts[key] for key in keys])
        sink.append(encoder.fingerprint, keys, to_stored(embeddings, encoder=repr(encoder.name)))


def _image_verdict(images: RowImages, status: str, reason: str | None) -> tuple[str, str | None]:
    """Merge what the catalog said of the main image with what its content was found to be."""
    if status == Status.OK and images.main_failed:
        status = images.problems[0][1].status.value
    if status == Status.OK:
        return status, None
    told = [reason, *(f"{image_name(path)}: {problem.reason}" for path, problem in images.problems)]
    if images.used:
        told.append(f"{image_name(images.used[0])} is used instead")
    return status, "; ".join(part for part in told if part) or None
