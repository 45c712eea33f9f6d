"""Text models that can be trained further, and how they are saved so that they can be opened again by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.encoders.embedded import MINILM, find_weights
from smartprod.encoders.sources import resolve_folder
from smartprod.encoders.specs import parse_spec
from smartprod.errors import UsageError

if TYPE_CHECKING:
    import torch

    from smartprod.encoders.specs import Kind


@dataclass(frozen=True, slots=True, eq=False)
class TrainableTextModel:
    """A text model with all its weights free, before it is given a classifier.

    Attributes:
        name: As the configuration names it.
        kind: The library that opens what `save` writes: `sentence-transformers` or `transformers-text`.
        module: Maps the tokenizer's padded tensors, given as one dict, to embeddings float `[B, dim]`.
        tokenizer: A tokenizer of the transformers library.
        max_tokens: Longer texts are cut.
        prompt: Put before every text, where the model wants one.
        dim: Length of its output.
        save: Writes weights, settings and tokenizer to a folder, in the library's own layout.
    """

    name: str
    kind: Kind
    module: torch.nn.Module
    tokenizer: Any
    max_tokens: int
    prompt: str
    dim: int
    save: Callable[[Path], None]


def open_trainable_text(name: str) -> TrainableTextModel:
    """Open a text model to train it: `minilm`, a sentence-transformers or a transformers model.

    Args:
        name: As in `extract.text`.

    Raises:
        UsageError: The name is unknown (SP401), or stands for no text model that learns (SP461).
        EncoderError: Its files are missing (SP402 to SP405), incomplete (SP409) or cannot be loaded (SP408, SP411).
    """
    import torch

    from smartprod.encoders.text_models import read_sentence_transformers, read_transformers_text

    spec = parse_spec(name)
    if spec.modality != "text" or spec.kind == "hashed":
        raise UsageError(
            "SP461",
            f"{name!r} is no text model that can be trained.",
            where="finetune.text.encoder",
            fix="Name a text encoder with weights: `smartprod encoders` lists them.",
        )
    kind: Kind = "transformers-text" if spec.kind == "transformers-text" else "sentence-transformers"
    read = read_transformers_text if kind == "transformers-text" else read_sentence_transformers
    folder = (
        find_weights(MINILM).parent
        if spec.kind == "embedded"
        else resolve_folder(spec, repository=spec.location)
    )
    opened, library_model = read(spec, folder)

    def save(target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        if kind == "sentence-transformers":
            library_model.save_pretrained(str(target), create_model_card=False, safe_serialization=True)
        else:
            library_model.save_pretrained(target, safe_serialization=True)
            opened.tokenizer.save_pretrained(target)

    probe = opened.tokenizer(["a"], return_tensors="pt")
    with torch.inference_mode():
        dim = int(opened.module.eval()(dict(probe)).shape[1])
    return TrainableTextModel(
        spec.name, kind, opened.module, opened.tokenizer, opened.max_tokens, opened.prompt, dim, save
    )
