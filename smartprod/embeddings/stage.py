"""The stage `extract`: clean text and image files to embeddings in the store, and the index that leads to them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.pipeline import RunFolder, StageContext, TableFile, stage
from smartprod.remote import is_address

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.embeddings.index import EncoderRecord
    from smartprod.embeddings.part import ExtractionJob
    from smartprod.engines import PartPlan

_ROWS_PER_BATCH = 8_192
EXTRACTION_KEYS = (
    "extract.image",
    "extract.text",
    "extract.views",
    "extract.layers",
    "extract.store",
    "extract.runtime",
    "extract.text_precision",
    "extract.images_per_product",
    "extract.max_image_megapixels",
    "extract.max_image_megabytes",
    "catalog.max_bad_fraction",
)
EXTRACTION_LIBRARIES = (
    "torch",
    "timm",
    "transformers",
    "sentence-transformers",
    "onnxruntime",
    "pillow",
    "simplejpeg",
)


def extraction_identity(config: Config, run: RunFolder) -> str:
    """Describe the encoders and the image files as they are now, without opening either."""
    from smartprod.encoders import encoder_identity

    digest = hashlib.sha256()
    for name in (*config.extract.image, *config.extract.text):
        digest.update(encoder_identity(name).encode() + b"\n")
    if config.extract.image:
        digest.update(image_files_identity(run).encode())
    return digest.hexdigest()


def image_files_identity(run: RunFolder) -> str:
    """Describe the image files that the product table lists, by their sizes and times."""
    digest = hashlib.sha256()
    products = run.artefact_path("products")
    if products.exists():
        for batch in TableFile(products).batches(_ROWS_PER_BATCH, columns=["images"]):
            for path in batch["images"].flatten().to_pylist():
                digest.update(_describe_file(path))
    return digest.hexdigest()


def _describe_file(path: str) -> bytes:
    if is_address(path):  # whether the image there has changed is not asked: its address stands for it
        return f"{path}\n".encode("utf-8", "surrogatepass")
    try:
        status = os.stat(path)  # noqa: PTH116  (half the time of pathlib, and there may be millions)
    except (OSError, ValueError):
        return f"{path}\0gone\n".encode("utf-8", "surrogatepass")
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogatepass")


@stage(
    "extract",
    reads=["products", "clean_text"],
    streams=["products", "clean_text"],
    writes=["embedding_index"],
    config=EXTRACTION_KEYS,
    libraries=EXTRACTION_LIBRARIES,
    packages=["smartprod.encoders"],
    identity=extraction_identity,
)
def extract(context: StageContext, products: TableFile, clean_text: TableFile) -> dict[str, object]:
    """Compute the embeddings that the store lacks, and index them row by row."""
    return embed_table(context, products, clean_text, config=context.config)


def embed_table(
    context: StageContext, products: TableFile, clean_text: TableFile, *, config: Config
) -> dict[str, object]:
    """Extract a table with the encoders that a configuration names.

    Args:
        context: Of the stage.
        products: The artefact of that name, like the next one.
        clean_text: See above.
        config: The configuration, its encoders perhaps others than the stage's own.

    Returns:
        The artefact `embedding_index`.
    """
    from smartprod.embeddings.account import ExtractionAccount
    from smartprod.embeddings.assembly import assemble_index, encoders_of_parts
    from smartprod.embeddings.part import ExtractionJob
    from smartprod.embeddings.store import EmbeddingStore, store_folder
    from smartprod.engines import PartPlan, hold_folder

    folder = context.parts_folder
    plan = PartPlan("extraction", products.num_rows, config.extract.part_rows, context.depends_on)
    job = ExtractionJob(
        products=str(products.path.absolute()),
        clean_text=str(clean_text.path.absolute()),
        config=config,
        store=str(store_folder(config).absolute()),
        parts=str(folder.absolute()),
    )
    differing = plan.differing(folder)
    if differing:
        context.console.line(f"parts of an unfinished extraction are done again; {differing}")
    with hold_folder(folder, fresh=differing is not None):
        plan.agree(folder)
        encoders = _extract_pending(context, job, plan) or encoders_of_parts(plan, folder)
        account = ExtractionAccount()
        index = assemble_index(context, plan, encoders, account)
    store = EmbeddingStore(Path(job.store))
    for encoder in encoders:
        store.tidy(encoder.fingerprint)
    account.tell(context, encoders)
    account.check_usable(config)
    return {"embedding_index": index}


def _extract_pending(
    context: StageContext, job: ExtractionJob, plan: PartPlan
) -> tuple[EncoderRecord, ...] | None:
    """Extract the parts that are not there yet; of a table without rows, only name the encoders."""
    from smartprod.engines import run_parts

    if not plan.parts:
        worker = job.open(threads=context.threads)
        worker.close()
        return worker.encoders
    pending = plan.pending(context.parts_folder)
    done = len(plan.parts) - len(pending)
    if done:
        context.console.line(
            f"going on: {done:,} of {len(plan.parts):,} parts are there already (--fresh starts over)"
        )
    try:
        with context.progress(sum(part.rows for part in pending), "embedding") as meter:
            run_parts(job, pending, config=job.config, advance=lambda rows, bad: meter.advance(rows, bad=bad))
    except KeyboardInterrupt:
        left = len(plan.pending(context.parts_folder))
        context.console.line(
            f"{len(plan.parts) - left:,} of {len(plan.parts):,} parts are kept, and every embedding computed"
        )
        raise
    return None
