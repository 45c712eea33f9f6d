"""Embeddings: extraction, the store that keeps them by content, and the index that leads from rows to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartprod.embeddings.decoding import ImageLimits, ImageProblem, decode_image
    from smartprod.embeddings.extraction import Extraction, Extractor
    from smartprod.embeddings.image_reader import ImageReader
    from smartprod.embeddings.index import INDEX_SCHEMA, EncoderRecord, encoders_of
    from smartprod.embeddings.keys import image_key, text_key
    from smartprod.embeddings.loading import ModalityEmbeddings, load_embeddings
    from smartprod.embeddings.store import EmbeddingSource, EmbeddingStore, MemoryStore, store_folder

_HOMES = {
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
    "image_key": "keys",
    "load_embeddings": "loading",
    "store_folder": "store",
    "text_key": "keys",
}

__all__ = [
    "INDEX_SCHEMA",
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
    "image_key",
    "load_embeddings",
    "store_folder",
    "text_key",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the stage module must not bring Pillow and simplejpeg along."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
