"""Text encoders: tokenise once, batch by length, pool, and give the embeddings back in the order of the texts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.encoders.device import Device, choose_device, to_device, use_torch_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.base import Modality

CHARACTERS_PER_TOKEN = 10
"""Characters handed to the tokeniser per token kept; real text has about 4, so the ids stay the same."""

TOKENS_PER_STEP = 768
"""Most tokens of one forward pass on a processor: MiniLM at 115 tokens a text does 54 texts/s on two cores in
batches of 8, and 32 in batches of 32, whose activations fall out of the cache."""


class TokenEncoder:
    """A text encoder: a tokenizer and a module that embeds its tokens (see `base.TextEncoder`).

    Args:
        name: As the configuration names it.
        weights_hash: Hash of weights and settings.
        tokenizer: A tokenizer of the transformers library.
        module: Maps the tokenizer's padded tensors, given as one dict, to embeddings `[B, D]`.
        max_tokens: Longer texts are cut.
        batch_size: Most texts per forward pass.
        threads: Threads for the model.
        prompt: Put before every text, where the model wants one.
    """

    modality: Modality = "text"

    def __init__(
        self,
        *,
        name: str,
        weights_hash: str,
        tokenizer: Any,
        module: torch.nn.Module,
        max_tokens: int,
        batch_size: int,
        threads: int,
        prompt: str = "",
    ) -> None:
        self.name = name
        self.weights_hash = weights_hash
        self.max_tokens = max_tokens
        self._tokenizer = tokenizer
        self._device: Device = choose_device()
        self._module = to_device(module, self._device)
        self._batch_size = batch_size
        self._threads = threads
        self._prompt = prompt
        self.fingerprint = hashlib.sha256(f"{weights_hash} {self._device.precision}".encode()).hexdigest()
        self.dim = int(self._embed(self._tokenise(["a"])).shape[1])

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to float32 `[B, dim]`; equal texts are computed once."""
        unique = list(dict.fromkeys(batch))
        tokens = self._tokenise(unique)
        # Neighbours in length pad each other little; the longest come first, so memory peaks at once.
        order = sorted(range(len(unique)), key=lambda i: (-len(tokens[i]), i))
        embeddings = np.zeros((len(unique), self.dim), np.float32)
        for chosen in self._steps(order, tokens):
            embeddings[chosen] = self._embed([tokens[i] for i in chosen])
        position = {text: i for i, text in enumerate(unique)}
        return embeddings[[position[text] for text in batch]]

    def _steps(self, order: list[int], tokens: list[list[int]]) -> Iterator[list[int]]:
        """Cut `order`, longest first, into what one forward pass takes."""
        start = 0
        while start < len(order):
            fitting = (
                TOKENS_PER_STEP // max(1, len(tokens[order[start]])) if self._device.is_cpu else len(order)
            )
            count = min(self._batch_size, max(1, fitting))
            yield order[start : start + count]
            start += count

    def _tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Give each text's token ids, at most `max_tokens`, special tokens included."""
        if not texts:
            return []
        limit = CHARACTERS_PER_TOKEN * self.max_tokens
        whole = [self._prompt + text for text in texts]
        short = [_cut(text, limit) for text in whole]
        tokens = self._ids(short)
        # A cut text must still fill all its tokens, or the cut was seen: a long word can be one token.
        seen = [
            i for i, ids in enumerate(tokens) if len(ids) < self.max_tokens and len(short[i]) < len(whole[i])
        ]
        if seen:
            for i, ids in zip(seen, self._ids([whole[i] for i in seen]), strict=True):
                tokens[i] = ids
        return tokens

    def _ids(self, texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = self._tokenizer(texts, truncation=True, max_length=self.max_tokens)[
            "input_ids"
        ]
        return ids

    def _embed(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        import torch

        use_torch_threads(self._threads)
        padded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        inputs = {key: value.to(self._device.name) for key, value in padded.items()}
        with torch.inference_mode(), self._device.autocast():
            output: torch.Tensor = self._module(inputs)
        return output.float().cpu().numpy()


def _cut(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, at a space where there is one, so that no word is halved."""
    if len(text) <= limit:
        return text
    space = text.rfind(" ", 0, limit)
    return text[: space if space > 0 else limit]
