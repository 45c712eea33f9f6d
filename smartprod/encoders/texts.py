"""Text encoders: tokenise once, batch by length, pool, and give the embeddings back in the order of the texts.

On a processor a text's embedding depends on that text only, bit for bit. A text is padded to a length that follows from
its own number of tokens, and only texts of one padded length share a forward pass; which ones, how many, in which order
and on how many threads then changes nothing. A graphics card chooses other kernels for other batch sizes, so there the
last bits may differ.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.encoders.device import Device, choose_device, to_device, use_torch_threads
from smartprod.encoders.memory import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.base import Modality

CHARACTERS_PER_TOKEN = 10
"""Characters handed to the tokeniser per token kept; real text has about 4, so the ids stay the same."""

LENGTH_MULTIPLE = 8
"""Texts are padded to a multiple of so many tokens: 16 or 32 pad more and are no faster; without any padding steps are small
(short texts: 115 against 160 a second)."""

TOKENS_PER_STEP = 2048
"""Most tokens of one forward pass on a processor: short texts run 15 to 20 % faster than at 512 or 1,024, and at 4,096 no
faster."""


@dataclass(frozen=True, slots=True, eq=False)
class TextModel:
    """A text model before it is given texts.

    Attributes:
        name: As the configuration names it.
        weights_hash: Hash of weights and settings.
        tokenizer: A tokenizer of the transformers library.
        module: Maps the tokenizer's padded tensors, given as one dict, to embeddings `[B, D]`.
        max_tokens: Longer texts are cut.
        prompt: Put before every text, where the model wants one.
    """

    name: str
    weights_hash: str
    tokenizer: Any
    module: torch.nn.Module
    max_tokens: int
    prompt: str = ""


class TokenEncoder:
    """A text encoder: a tokenizer and a module that embeds its tokens (see `base.TextEncoder`).

    Args:
        model: The model that it runs.
        batch_size: Most texts per forward pass.
        threads: Threads for the model.
    """

    modality: Modality = "text"

    def __init__(self, model: TextModel, *, batch_size: int, threads: int) -> None:
        self.name = model.name
        self.weights_hash = model.weights_hash
        self.max_tokens = model.max_tokens
        self._tokenizer = model.tokenizer
        self._prompt = model.prompt
        self._device: Device = choose_device()
        self._module = to_device(_for_device(model.module, self._device), self._device)
        self._batch_size = batch_size
        self._threads = threads
        self.fingerprint = hashlib.sha256(
            f"{model.weights_hash} {self._device.precision}".encode()
        ).hexdigest()
        self.dim = int(self._embed(self._tokenise(["a"]), LENGTH_MULTIPLE).shape[1])

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to float32 `[B, dim]`; equal texts are computed once.

        Give it as many texts as are at hand, in any order, up to some ten thousand: texts of one length are found among
        all of them.
        """
        position = {text: i for i, text in enumerate(dict.fromkeys(batch))}
        tokens = self._tokenise(list(position))
        embeddings = np.zeros((len(position), self.dim), np.float32)
        for length, chosen in self._steps([len(ids) for ids in tokens]):
            embeddings[chosen] = self._embed([tokens[i] for i in chosen], length)
        return embeddings[[position[text] for text in batch]]

    def _steps(self, counts: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Put texts of one padded length into forward passes; the longest come first, so memory peaks at once.

        Args:
            counts: Number of tokens of each text.

        Yields:
            The padded length, and the positions of the texts of that pass.
        """
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for i, count in enumerate(counts):
            by_length[_padded_length(count, self.max_tokens)].append(i)
        for length in sorted(by_length, reverse=True):
            fitting = TOKENS_PER_STEP // length if self._device.is_cpu else self._batch_size
            step = min(self._batch_size, max(1, fitting))
            positions = by_length[length]
            for start in range(0, len(positions), step):
                yield length, positions[start : start + step]

    def _tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Give each text's token ids, at most `max_tokens`, special tokens included.

        Long texts are cut before, which doubles the speed; the ids are those of the whole text.
        """
        if not texts:
            return []
        whole = [self._prompt + text for text in texts]
        if self._tokenizer.truncation_side != "right":
            return self._ids(whole)
        short = [_cut(text, CHARACTERS_PER_TOKEN * self.max_tokens) for text in whole]
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
        """Tokenise texts in one call, whose threads are the tokenizer's own."""
        ids: list[list[int]] = self._tokenizer(
            texts,
            truncation=True,
            max_length=self.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        return ids

    def _embed(self, tokens: list[list[int]], length: int) -> NDArray[np.float32]:
        import torch

        use_torch_threads(self._threads)
        padded = self._tokenizer.pad(
            {"input_ids": tokens}, padding="max_length", max_length=length, return_tensors="pt"
        )
        inputs = {key: value.to(self._device.name) for key, value in padded.items()}
        with torch.inference_mode(), self._device.autocast():
            output: torch.Tensor = self._module(inputs)
        return output.float().cpu().numpy()


def _for_device(module: torch.nn.Module, device: Device) -> torch.nn.Module:
    """Make a module steady and fast on a processor, in place; elsewhere it stays as it is."""
    from smartprod.encoders.linear_layers import SteadyLinear, replace_linear_layers

    if device.is_cpu:
        keep_freed_memory()
        replace_linear_layers(module, SteadyLinear)
    return module


def _padded_length(count: int, max_tokens: int) -> int:
    """Tell the length that a text of `count` tokens is padded to; it must depend on nothing else."""
    return min(max(1, -(-count // LENGTH_MULTIPLE)) * LENGTH_MULTIPLE, max_tokens)


def _cut(text: str, limit: int) -> str:
    """Cut a text to about `limit` characters between two words, or not at all where no space is found.

    A tokenizer reads words apart from each other, so the beginning of the text keeps its tokens.
    """
    if len(text) <= limit:
        return text
    space = text.rfind(" ", 0, limit)
    head = text[:space].rstrip() if space > 0 else ""
    return head or text
