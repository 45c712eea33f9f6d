"""The stage `extract`: clean text and image files to embeddings in the store, and the index that leads to them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from typing import TYPE_CHECKING

from smartprod.errors import TooManyBadRowsError
from smartprod.pipeline import RunFolder, StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.embeddings.extraction import Extractor
    from smartprod.embeddings.image_batch import Tally
    from smartprod.embeddings.store import EmbeddingStore

ROWS_PER_BATCH = 2_048


def extraction_identity(config: Config, run: RunFolder) -> str:
    """Describe the encoders and the image files as they are now, without opening either."""
    from smartprod.encoders import encoder_identity

    digest = hashlib.sha256()
    for name in (*config.extract.image, *config.extract.text):
        digest.update(encoder_identity(name).encode() + b"\n")
    products = run.artefact_path("products")
    if config.extract.image and products.exists():
        import pyarrow.parquet as pq

        for paths in pq.read_table(products, columns=["images"])["images"].to_pylist():
            for path in paths or ():
                digest.update(_describe_file(path))
    return digest.hexdigest()


def _describe_file(path: str) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116  (half the time of pathlib, and there may be millions)
    except (OSError, ValueError):
        return f"{path}\0gone\n".encode("utf-8", "surrogatepass")
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogatepass")


@stage(
    "extract",
    reads=["products", "clean_text"],
    writes=["embedding_index"],
    config=[
        "extract.image",
        "extract.text",
        "extract.store",
        "extract.runtime",
        "extract.images_per_product",
        "extract.max_image_megapixels",
        "extract.max_image_megabytes",
        "catalog.max_bad_fraction",
    ],
    libraries=[
        "torch",
        "timm",
        "transformers",
        "sentence-transformers",
        "onnxruntime",
        "pillow",
        "simplejpeg",
    ],
    packages=["smartprod.encoders"],
    identity=extraction_identity,
)
def extract(context: StageContext, products: pa.Table, clean_text: pa.Table) -> dict[str, object]:
    """Compute the embeddings that the store lacks, and index them row by row."""
    from smartprod.embeddings.extraction import Extractor
    from smartprod.embeddings.store import EmbeddingStore, store_folder
    from smartprod.encoders import configure_offline

    config = context.config
    configure_offline(config)
    store = EmbeddingStore(store_folder(config))
    with Extractor.open(config, store=store, threads=context.threads) as extractor:
        index = _extract_all(context, extractor, store, products, clean_text)
        for encoder in extractor.encoders:
            store.tidy(encoder.fingerprint)
        _account(context, extractor, index)
    _check_usable(index, config)
    return {"embedding_index": index}


def _extract_all(
    context: StageContext,
    extractor: Extractor,
    store: EmbeddingStore,
    products: pa.Table,
    clean_text: pa.Table,
) -> pa.Table:
    """Embed all images, then all texts: each has its own rate and time left."""
    images: list[pa.Table] = []
    texts: list[pa.Table] = []
    with context.progress(_count_images(context, products), "images", unit="images") as meter:
        for batch in _batches(products):
            images.append(extractor.embed_images(batch, sink=store, advance=meter.advance))
            meter.advance(0, bad=len(batch) - images[-1]["status.images"].to_pylist().count("ok"))
    with context.progress(_count_texts(context, clean_text), "texts", unit="texts") as meter:
        for batch in _batches(clean_text):
            texts.append(extractor.embed_texts(batch, sink=store, advance=meter.advance))
            meter.advance(0, bad=len(batch) - texts[-1]["status.text"].to_pylist().count("ok"))
    return extractor.join(_concatenate(images), _concatenate(texts))


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    """Cut a table into batches; at least one, so that an empty table too gets its index."""
    for start in range(0, max(1, table.num_rows), ROWS_PER_BATCH):
        yield table.slice(start, ROWS_PER_BATCH)


def _concatenate(parts: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(parts)


def _count_images(context: StageContext, products: pa.Table) -> int:
    """Count the images that will be looked at, for the progress bar."""
    section = context.config.extract
    rows = products["images"].to_pylist() if section.image else []
    return len({path for paths in rows for path in (paths or ())[: section.images_per_product]})


def _count_texts(context: StageContext, clean_text: pa.Table) -> int:
    import pyarrow.compute as pc

    return int(pc.count_distinct(clean_text["text"]).as_py()) if context.config.extract.text else 0


def _account(context: StageContext, extractor: Extractor, index: pa.Table) -> None:
    rows = index.num_rows
    with_image, with_text = rows - index["image_key"].null_count, rows - index["text_key"].null_count
    context.rows(rows, rows)
    context.metric("rows_with_image", with_image)
    context.metric("rows_with_text", with_text)
    context.say(f"{with_image:,} of {rows:,} rows have an image embedding, {with_text:,} a text embedding")
    for encoder in extractor.encoders:
        context.say(
            f"  {encoder.modality:<6} {encoder.name}: {encoder.dim} numbers, {encoder.fingerprint[:12]}"
        )
    _account_tally(context, "images", extractor.image_tally)
    _account_tally(context, "texts", extractor.text_tally)
    for field in ("images", "text"):
        counts = Counter(index[f"status.{field}"].to_pylist())
        told = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
        context.say(f"  {field}: {told}")
        for status, count in counts.items():
            context.metric(f"{field}_{status}", count)


def _account_tally(context: StageContext, items: str, tally: Tally) -> None:
    context.metric(f"{items}_computed", tally.computed)
    context.metric(f"{items}_reused", tally.reused)
    if tally.computed:
        context.metric(f"{items}_per_second", round(tally.rate, 1))
    rate = f" at {tally.rate:,.1f} per second" if tally.computed else ""
    context.say(f"  {items}: {tally.computed:,} computed{rate}, {tally.reused:,} reused from the store")


def _check_usable(index: pa.Table, config: Config) -> None:
    """Refuse a table in which too many rows ended up with no embedding at all.

    Raises:
        TooManyBadRowsError: (SP424) Beyond `catalog.max_bad_fraction`.
    """
    import pyarrow.compute as pc

    bad = pc.sum(pc.and_(pc.is_null(index["image_key"]), pc.is_null(index["text_key"]))).as_py() or 0
    allowed = config.catalog.max_bad_fraction
    if bad > allowed * index.num_rows:
        raise TooManyBadRowsError(
            "SP424",
            f"{bad:,} of {index.num_rows:,} rows have neither an image nor a text embedding; allowed are {allowed:.1%}.",
            where="the columns reason.images and reason.text of extract/embedding_index.parquet, or above",
            fix="Mend catalog.image_root or the files; or raise catalog.max_bad_fraction.",
        )
