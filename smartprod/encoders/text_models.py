"""Text models: the embedded one, and sentence-transformers and transformers models by name or folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smartprod.encoders.embedded import MINILM, find_weights
from smartprod.encoders.image_models import cannot_load, check_weights_complete
from smartprod.encoders.sources import hash_folder, resolve_folder
from smartprod.encoders.texts import TextModel
from smartprod.encoders.torchvision_mend import import_torchvision
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from smartprod.encoders.specs import EncoderSpec

LONGEST_TEXT = 512
"""Most tokens of a plain transformers model that are used: attention grows with their square."""


def open_minilm() -> TextModel:
    """Open the embedded text encoder: mean of its tokens, scaled to length 1, as its own settings say.

    It is loaded without the sentence-transformers library, whose import takes seconds; a test holds its embeddings
    equal to that library's.
    """
    import_torchvision()
    from transformers import AutoTokenizer, BertModel

    folder = find_weights(MINILM).parent
    settings = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
    return TextModel(
        name="minilm",
        weights_hash=MINILM.sha256,
        tokenizer=AutoTokenizer.from_pretrained(folder, local_files_only=True),
        module=_mean_of_tokens(BertModel.from_pretrained(folder, local_files_only=True), normalise=True),
        max_tokens=settings["max_seq_length"],
    )


def open_sentence_transformers(spec: EncoderSpec) -> TextModel:
    """Open a sentence-transformers model with its own pooling, layers, normalisation and default prompt.

    Raises:
        EncoderError: Its files are missing (SP402, SP403), cannot be loaded (SP408), or it reads no tokens (SP411).
    """
    folder = resolve_folder(spec, repository=spec.location)
    return read_sentence_transformers(spec, folder)[0]


def read_sentence_transformers(spec: EncoderSpec, folder: Path) -> tuple[TextModel, Any]:
    """Read a sentence-transformers model from its folder; give the library's own model too."""
    import_torchvision()
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise cannot_load(spec, folder, error) from error
    tokenizer = model.tokenizer
    if not callable(getattr(tokenizer, "pad", None)):
        raise EncoderError(
            "SP411",
            f"The model {spec.name!r} has no transformers tokenizer.",
            where=str(folder),
            fix="Choose another.",
        )
    prompts: dict[str, str] = model.prompts or {}
    opened = TextModel(
        name=spec.name,
        weights_hash=hash_folder(folder),
        tokenizer=tokenizer,
        module=_sentence_embedding(model),
        max_tokens=min(model.max_seq_length or LONGEST_TEXT, tokenizer.model_max_length),
        prompt=prompts.get(model.default_prompt_name or "", ""),
    )
    return opened, model


def open_transformers_text(spec: EncoderSpec) -> TextModel:
    """Open a plain transformers text model: the mean of its last layer's tokens, not normalised.

    Raises:
        EncoderError: Its files are missing (SP402, SP403), incomplete (SP409), or cannot be loaded (SP408).
    """
    folder = resolve_folder(spec, repository=spec.location)
    return read_transformers_text(spec, folder)[0]


def read_transformers_text(spec: EncoderSpec, folder: Path) -> tuple[TextModel, Any]:
    """Read a plain transformers text model from its folder; give the library's own model too."""
    import_torchvision()
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, account = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:
        raise cannot_load(spec, folder, error) from error
    check_weights_complete(spec, folder, account["missing_keys"])
    opened = TextModel(
        name=spec.name,
        weights_hash=hash_folder(folder),
        tokenizer=tokenizer,
        module=_mean_of_tokens(model, normalise=False),
        max_tokens=_token_limit(model.config, tokenizer),
    )
    return opened, model


def _token_limit(config: Any, tokenizer: Any) -> int:
    positions = getattr(config, "max_position_embeddings", None) or LONGEST_TEXT
    if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "camembert"):
        positions -= 2  # their positions start after the padding index
    return int(min(LONGEST_TEXT, positions, tokenizer.model_max_length))


def _mean_of_tokens(model: Any, *, normalise: bool) -> torch.nn.Module:
    import torch

    class MeanOfTokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            hidden = self.model(**inputs).last_hidden_state.float()  # [B, T, D]
            mask = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1) if normalise else mean

    return MeanOfTokens()


def _sentence_embedding(model: Any) -> torch.nn.Module:
    import torch

    class SentenceEmbedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            embedding = self.model(dict(inputs))["sentence_embedding"]
            return embedding[:, : self.model.truncate_dim]  # all of it where the model sets no length

    return SentenceEmbedding()
