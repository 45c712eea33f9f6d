"""Embeddings: extraction, the store that keeps them by content, and the index that leads from rows to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from smartprod.embeddings.decoding import ImageLimits, ImageProblem, decode_image
    from smartprod.embeddings.domains import DomainRows, find_domain_rows
    from smartprod.embeddings.extraction import Extraction, Extractor
    from smartprod.embeddings.finetuned import (
        extraction_manifest,
        save_encoder_kind,
        save_no_encoder,
        with_finetuned_encoders,
    )
    from smartprod.embeddings.image_reader import ImageReader
    from smartprod.embeddings.index import INDEX_SCHEMA, EncoderRecord, encoders_of
    from smartprod.embeddings.keys import image_key, text_key
    from smartprod.embeddings.loading import ModalityEmbeddings, load_embeddings
    from smartprod.embeddings.stage import image_files_identity
    from smartprod.embeddings.store import EmbeddingSource, EmbeddingStore, MemoryStore, store_folder

_HOMES = {
    "DomainRows": "domains",
    "INDEX_SCHEMA": "index",
    "EmbeddingSource": "store",
    "EmbeddingStore": "store",
    "EncoderRecord": "index",
    "Extraction": "extraction",
    "Extractor": "extraction",
    "ImageLimits": "decoding",
    "ImageProblem": "decoding",
    "ImageReader": "image_reader",
    "MemoryStore": "store",
    "ModalityEmbeddings": "loading",
    "decode_image": "decoding",
    "encoders_of": "index",
    "extraction_manifest": "finetuned",
    "find_domain_rows": "domains",
    "image_files_identity": "stage",
    "image_key": "keys",
    "load_embeddings": "loading",
    "save_encoder_kind": "finetuned",
    "save_no_encoder": "finetuned",
    "store_folder": "store",
    "text_key": "keys",
    "with_finetuned_encoders": "finetuned",
}

__all__ = [
    "INDEX_SCHEMA",
    "DomainRows",
    "EmbeddingSource",
    "EmbeddingStore",
    "EncoderRecord",
    "Extraction",
    "Extractor",
    "ImageLimits",
    "ImageProblem",
    "ImageReader",
    "MemoryStore",
    "ModalityEmbeddings",
    "decode_image",
    "encoders_of",
    "extraction_manifest",
    "find_domain_rows",
    "image_files_identity",
    "image_key",
    "load_embeddings",
    "save_encoder_kind",
    "save_no_encoder",
    "store_folder",
    "text_key",
    "with_finetuned_encoders",
]

# The stage module must not bring Pillow and simplejpeg along
__getattr__ = imported_on_first_use(__name__, _HOMES)
