"""The short names of encoders, and what stands behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartprod.encoders.base import Modality


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What a short name stands for: a full encoder spec (or `embedded`, `hashed`), its size and what it is good for."""

    spec: str
    modality: Modality
    dim: int
    note: str


CATALOGUE: dict[str, CatalogueEntry] = {
    "lite0": CatalogueEntry(
        "embedded", "image", 1280, "EfficientNet-Lite0 (ImageNet-1k), 224 px; quick on a processor; default"
    ),
    "minilm": CatalogueEntry("embedded", "text", 384, "all-MiniLM-L6-v2, 256 tokens; English only; default"),
    "hashed-words": CatalogueEntry(
        "hashed",
        "text",
        1024,
        "words and pieces of words, no model, any language; beside another text encoder",
    ),
    "beit": CatalogueEntry(
        "transformers-image:microsoft/beit-base-patch16-224-pt22k-ft22k",
        "image",
        768,
        "BEiT base (ImageNet-22k), 224 px; a graphics card is advised",
    ),
    "efficientnetv2-b3": CatalogueEntry(
        "timm:tf_efficientnetv2_b3.in21k_ft_in1k", "image", 1536, "EfficientNetV2-B3 (ImageNet-21k), 300 px"
    ),
    "dinov2-small": CatalogueEntry(
        "transformers-image:facebook/dinov2-small", "image", 384, "DINOv2 small, self-supervised, 224 px"
    ),
    "multilingual-minilm": CatalogueEntry(
        "sentence-transformers:sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        "text",
        384,
        "50 languages, 128 tokens",
    ),
    "mpnet": CatalogueEntry(
        "sentence-transformers:sentence-transformers/all-mpnet-base-v2", "text", 768, "English, 384 tokens"
    ),
    "labse": CatalogueEntry(
        "sentence-transformers:sentence-transformers/LaBSE", "text", 768, "109 languages, 256 tokens"
    ),
    "bert-multilingual": CatalogueEntry(
        "transformers-text:google-bert/bert-base-multilingual-cased",
        "text",
        768,
        "104 languages, mean of tokens",
    ),
}
"""Short name to entry, embedded ones first."""
