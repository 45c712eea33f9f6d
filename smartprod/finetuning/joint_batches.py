"""Products for joint training: photo and text of the same row in the same batch (imported only with torch)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from smartprod.embeddings import ImageProblem
from smartprod.finetuning.batches import Batch, epoch_order
from smartprod.finetuning.images import ahead
from smartprod.finetuning.joint_network import INPUTS

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.finetuning.images import PhotoDecoder, View
    from smartprod.finetuning.texts import TokenisedTexts


@dataclass(frozen=True, slots=True, eq=False)
class JointRows:
    """N products, each with a photo, a text, or both.

    Attributes:
        paths: The photo of each; None where there is none.
        texts: The text of each; of those without one, that of an empty text.
        has_text: Which have one, bool `[N]`.
        labels: Class indices, int64 `[N]`.
        side: Of the model's pictures, in pixels.
    """

    paths: tuple[str | None, ...]
    texts: TokenisedTexts
    has_text: NDArray[np.bool_]
    labels: NDArray[np.int64]
    side: int

    def batch(self, rows: NDArray[np.int64], images: Sequence[NDArray[np.uint8] | None]) -> Batch:
        """Put some rows together with their photos uint8 `[3, S, S]`; None where there is none."""
        there = [image for image in images if image is not None]
        pixels = np.stack(there) if there else np.zeros((0, 3, self.side, self.side), np.uint8)
        inputs = {
            INPUTS.pixels: torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last),
            INPUTS.has_image: torch.tensor([image is not None for image in images]),
            INPUTS.has_text: torch.from_numpy(self.has_text[rows]),
        }
        tokens = {INPUTS.text + name: value for name, value in self.texts.padded(rows).items()}
        return Batch(inputs | tokens, torch.from_numpy(self.labels[rows]))


@dataclass(frozen=True, slots=True, eq=False)
class JointBatches:
    """Training products, whose photos are looked at differently in every epoch, as `PhotoBatches` does it.

    Attributes:
        rows: What is trained on.
        config: Batch size and sampling.
        decoder: Open.
        view: How a photo is changed and brought to the model's size.
        seed: Of the run.
    """

    rows: JointRows
    config: FinetuneTrainingConfig
    decoder: PhotoDecoder
    view: View
    seed: int

    @property
    def steps(self) -> int:
        """Batches of each epoch."""
        return len(epoch_order(self.rows.labels, self.config, seed=self.seed, epoch=0))

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Give the batches of an epoch, without the first `start` of them."""
        order = epoch_order(self.rows.labels, self.config, seed=self.seed, epoch=epoch)

        def begin(rows: NDArray[np.int64]) -> list[Future[Any]]:
            return [self.decoder.submit(self._look, int(row), epoch, place) for place, row in enumerate(rows)]

        for rows, images in ahead(order[start:], begin):
            yield self.rows.batch(rows, images)

    def _look(self, row: int, epoch: int, place: int) -> NDArray[np.uint8] | None:
        pixels = decoded(self.decoder, self.rows.paths[row])
        if pixels is None:
            return None
        return self.view(pixels, np.random.default_rng([self.seed, epoch, row, place, 3]))


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Products in order, their photos as extraction sees them; for judging.

    Attributes:
        rows: What is judged by.
        batch_size: Products of a batch.
        decoder: Open.
        prepare: From a decoded photo uint8 `[H, W, 3]` to uint8 `[3, S, S]`.
    """

    rows: JointRows
    batch_size: int
    decoder: PhotoDecoder
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

    def __iter__(self) -> Iterator[Batch]:
        """Give all products."""
        order = np.arange(len(self.rows.labels))
        parts = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

        def begin(part: NDArray[np.int64]) -> list[Future[Any]]:
            return [self.decoder.submit(self._look, self.rows.paths[row]) for row in part]

        for part, images in ahead(parts, begin):
            yield self.rows.batch(part, images)

    def _look(self, path: str | None) -> NDArray[np.uint8] | None:
        pixels = decoded(self.decoder, path)
        return None if pixels is None else self.prepare(pixels)


def decoded(decoder: PhotoDecoder, path: str | None) -> NDArray[np.uint8] | None:
    """The pixels of a photo; None without one, or where it has gone since it was checked."""
    pixels = None if path is None else decoder.decode(path)
    return None if isinstance(pixels, ImageProblem) else pixels
