"""The stage `extract-finetuned`: extraction with the encoders that this run has trained."""

from __future__ import annotations

from pathlib import Path

from smartprod.embeddings.stage import EXTRACTION_KEYS, EXTRACTION_LIBRARIES, embed_table, extraction_identity
from smartprod.pipeline import StageContext, TableFile, stage


@stage(
    "extract-finetuned",
    reads=["products", "clean_text", "image_encoder", "text_encoder"],
    streams=["products", "clean_text"],
    writes=["embedding_index"],
    config=[*EXTRACTION_KEYS, "finetune.image.keep_original", "finetune.text.keep_original"],
    libraries=EXTRACTION_LIBRARIES,
    packages=["smartprod.encoders"],
    identity=extraction_identity,
)
def extract_finetuned(
    context: StageContext,
    products: TableFile,
    clean_text: TableFile,
    image_encoder: Path,
    text_encoder: Path,
) -> dict[str, object]:
    """Compute embeddings with the fine-tuned encoders, and index them row by row."""
    from smartprod.embeddings.finetuned import with_finetuned_encoders

    del image_encoder, text_encoder  # found in the run folder, by the names that the model folder uses too
    config = with_finetuned_encoders(context.config, context.run)
    return embed_table(context, products, clean_text, config=config)
