"""Texts for training: tokenised once, put into batches with texts of about their own length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from smartprod.config.learning import PAIR_LOSSES
from smartprod.finetuning.batches import Batch, epoch_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.encoders import TrainableTextModel

LENGTH_MULTIPLE = 8
"""Batches are padded to a multiple of so many tokens."""

SORTED_BATCHES = 16
"""Texts of so many batches are sorted by length together: fewer pads more, more makes an epoch less random."""

_CHARACTERS_PER_TOKEN = 10
_TEXTS_PER_CALL = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class TokenisedTexts:
    """The tokens of N texts, one after the other.

    Attributes:
        ids: All tokens, int32.
        starts: Where each text begins in `ids`, and where the last one ends, int64 `[N + 1]`.
        pad: From lists of ids to the tokenizer's padded tensors.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    pad: Callable[[list[list[int]]], dict[str, torch.Tensor]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 `[N]`."""
        return np.diff(self.starts)

    def padded(self, rows: NDArray[np.integer]) -> dict[str, torch.Tensor]:
        """The tensors of some texts, each `[B, T]`; T is a multiple of `LENGTH_MULTIPLE`, or the model's limit."""
        return self.pad([self.ids[self.starts[row] : self.starts[row + 1]].tolist() for row in rows])


def tokenise(
    texts: Sequence[str], opened: TrainableTextModel, *, max_tokens: int | None = None
) -> TokenisedTexts:
    """Tokenise texts as the model wants them.

    Args:
        texts: N texts.
        opened: The model.
        max_tokens: Longer texts are cut, special tokens counted; None or more than the model takes: at its own limit.
    """
    limit = min(max_tokens or opened.max_tokens, opened.max_tokens)
    # Cut before tokenising, which doubles the speed; real text has about 4 characters per token.
    characters = _CHARACTERS_PER_TOKEN * limit if opened.tokenizer.truncation_side == "right" else None
    counts, pieces = [0], [np.zeros(0, np.int32)]
    for start in range(0, len(texts), _TEXTS_PER_CALL):
        part = [(opened.prompt + text)[:characters] for text in texts[start : start + _TEXTS_PER_CALL]]
        ids = opened.tokenizer(
            part,
            truncation=True,
            max_length=limit,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        counts += [len(each) for each in ids]
        pieces += [np.asarray(each, np.int32) for each in ids]
    return TokenisedTexts(
        np.concatenate(pieces),
        np.fromiter(accumulate(counts), np.int64, len(counts)),
        _padder(opened.tokenizer, limit),
    )


def _padder(tokenizer: Any, limit: int) -> Callable[[list[list[int]]], dict[str, torch.Tensor]]:
    def pad(ids: list[list[int]]) -> dict[str, torch.Tensor]:
        longest = max(len(each) for each in ids)
        length = min(-(-longest // LENGTH_MULTIPLE) * LENGTH_MULTIPLE, max(limit, longest))
        padded = tokenizer.pad(
            {"input_ids": ids}, padding="max_length", max_length=length, return_tensors="pt"
        )
        return dict(padded)

    return pad


@dataclass(frozen=True, slots=True, eq=False)
class TextBatches:
    """Training texts; which ones share a batch depends on the seed and the epoch alone.

    Attributes:
        texts: N texts.
        labels: Class indices, int64 `[N]`.
        config: Batch size, sampling and loss.
        seed: Of the run.
    """

    texts: TokenisedTexts
    labels: NDArray[np.int64]
    config: FinetuneTrainingConfig
    seed: int

    @property
    def steps(self) -> int:
        """Batches of each epoch."""
        return len(epoch_order(self.labels, self.config, seed=self.seed, epoch=0))

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Give the batches of an epoch, without the first `start` of them."""
        order = epoch_order(self.labels, self.config, seed=self.seed, epoch=epoch)
        if self.config.metric_loss not in PAIR_LOSSES:
            order = sort_by_length(
                order, self.texts.lengths, rng=np.random.default_rng([self.seed, epoch, 4])
            )
        for rows in order[start:]:
            yield Batch(self.texts.padded(rows), torch.from_numpy(self.labels[rows]))


def sort_by_length(
    batches: Sequence[NDArray[np.int64]], lengths: NDArray[np.int64], *, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Deal the rows of some batches out again so that a batch holds rows of about one length; the batches come in random order.

    Args:
        batches: Positions of rows.
        lengths: Length of each row, `[N]`.
        rng: Shuffles the batches.
    """
    sorted_batches: list[NDArray[np.int64]] = []
    for first in range(0, len(batches), SORTED_BATCHES):
        window = batches[first : first + SORTED_BATCHES]
        rows = np.concatenate(window)
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        sorted_batches += np.split(rows, np.cumsum([len(batch) for batch in window])[:-1])
    return [sorted_batches[i] for i in rng.permutation(len(sorted_batches))]


@dataclass(frozen=True, slots=True, eq=False)
class TextRows:
    """Texts from the longest to the shortest; for judging.

    Attributes:
        texts: N texts.
        labels: Class indices, int64 `[N]`.
        batch_size: Texts of a batch.
    """

    texts: TokenisedTexts
    labels: NDArray[np.int64]
    batch_size: int

    def __iter__(self) -> Iterator[Batch]:
        """Give all texts."""
        order = np.argsort(-self.texts.lengths, kind="stable")
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield Batch(self.texts.padded(rows), torch.from_numpy(self.labels[rows]))
