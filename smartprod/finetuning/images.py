"""Photos for training: read and decoded by threads ahead of the model, in an order and with chances that the seed decides."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from smartprod.embeddings import ImageLimits, ImageProblem, ImageReader, decode_image
from smartprod.encoders import use_torch_threads
from smartprod.finetuning.batches import Batch, epoch_order

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from smartprod.config import Config
    from smartprod.config.finetuning import FinetuneTrainingConfig

View = Callable[["NDArray[np.uint8]", np.random.Generator], "NDArray[np.uint8]"]
"""From a decoded photo uint8 `[H, W, 3]` to what the model takes, uint8 `[3, S, S]`; chance comes from the generator only."""

Before = Callable[[str, "NDArray[np.uint8]", np.random.Generator], "NDArray[np.uint8]"]
"""Changes the decoded photo uint8 `[H, W, 3]` of a path, before it is looked at."""

Mix = Callable[[Batch, np.random.Generator], Batch]
"""Mixes the rows of a batch, whose targets become shares of the classes."""

_BATCHES_AHEAD = 3


@dataclass(slots=True)
class PhotoDecoder:
    """Reads and decodes photos with a few threads; a context manager.

    Attributes:
        config: Limits, what may be fetched, and how many threads.
        threads: Where the configuration does not say.
        min_side: Side in pixels that photos are brought to.
    """

    config: Config
    threads: int
    min_side: int
    _pool: ThreadPoolExecutor = field(init=False, repr=False)
    _reader: ImageReader = field(init=False, repr=False)
    _stack: ExitStack = field(init=False, repr=False, default_factory=ExitStack)

    def __enter__(self) -> PhotoDecoder:
        section = self.config.extract
        self._reader = ImageReader(self._limits, self.config.catalog.remote)
        self._stack.callback(self._reader.close)
        self._pool = ThreadPoolExecutor(
            section.decode_threads or self.threads,
            thread_name_prefix="decode",
            initializer=use_torch_threads,  # a resize must not start a thread team of its own
            initargs=(1,),
        )
        self._stack.callback(self._pool.shutdown, wait=True, cancel_futures=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def _limits(self) -> ImageLimits:
        section = self.config.extract
        return ImageLimits(section.max_image_megapixels, section.max_image_megabytes)

    def decode(self, path: str) -> NDArray[np.uint8] | ImageProblem:
        """Give the pixels of a photo, RGB uint8 `[H, W, 3]`, or why there are none."""
        try:
            return decode_image(self._reader.read(path), min_side=self.min_side, limits=self._limits)
        except ImageProblem as problem:
            return problem

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Let a thread do some work."""
        return self._pool.submit(work, *arguments)

    def find_problems(self, paths: Sequence[str], advance: Callable[[int], None]) -> dict[str, ImageProblem]:
        """Decode every photo once, and name those that cannot be used."""
        self._reader.expect(paths)
        problems: dict[str, ImageProblem] = {}

        def check(path: str) -> tuple[str, ImageProblem | None]:
            found = self.decode(path)
            return path, found if isinstance(found, ImageProblem) else None

        for path, problem in self._pool.map(check, paths):
            if problem is not None:
                problems[path] = problem
            advance(1)
        return problems


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """Photos and their classes.

    Attributes:
        paths: Files or addresses, N of them.
        labels: Class indices, int64 `[N]`.
    """

    paths: tuple[str, ...]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoBatches:
    """Training photos, looked at differently in every epoch.

    What happens to a photo depends on the seed, the epoch and its row alone: not on threads, nor on a resumption.

    Attributes:
        photos: What is trained on.
        config: Batch size and sampling.
        decoder: Open.
        view: How a photo is changed and brought to the model's size.
        seed: Of the run.
        channels_last: Whether batches are laid out for convolutions.
        mix: Mixes the rows of a batch; None: they stay as they are.
        before: Changes a photo as a whole; None: it stays as it is.
    """

    photos: Photos
    config: FinetuneTrainingConfig
    decoder: PhotoDecoder
    view: View
    seed: int
    channels_last: bool = False
    mix: Mix | None = None
    before: Before | None = None

    @property
    def steps(self) -> int:
        """Batches of each epoch."""
        return len(epoch_order(self.photos.labels, self.config, seed=self.seed, epoch=0))

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Give the batches of an epoch, without the first `start` of them."""
        order = epoch_order(self.photos.labels, self.config, seed=self.seed, epoch=epoch)
        numbered = list(enumerate(order))[start:]

        def begin(item: tuple[int, NDArray[np.int64]]) -> list[Future[Any]]:
            return [
                self.decoder.submit(self._look, int(row), epoch, place) for place, row in enumerate(item[1])
            ]

        for (step, rows), images in ahead(numbered, begin):
            batch = stack_batch(images, self.photos.labels[rows], channels_last=self.channels_last)
            if batch is None:
                continue  # files that have gone since they were checked
            rng = np.random.default_rng([self.seed, epoch, step, 2])
            yield batch if self.mix is None else self.mix(batch, rng)

    def _look(self, row: int, epoch: int, place: int) -> NDArray[np.uint8] | None:
        path = self.photos.paths[row]
        pixels = self.decoder.decode(path)
        if isinstance(pixels, ImageProblem):
            return None
        if self.before is not None:
            pixels = self.before(path, pixels, np.random.default_rng([self.seed, epoch, row, place, 4]))
        return self.view(pixels, np.random.default_rng([self.seed, epoch, row, place, 3]))


@dataclass(frozen=True, slots=True, eq=False)
class PhotoRows:
    """Photos in order, each brought to the model's size as extraction does it; for judging.

    Attributes:
        photos: What is judged by.
        batch_size: Photos of a batch.
        decoder: Open.
        prepare: From a decoded photo uint8 `[H, W, 3]` to uint8 `[3, S, S]`.
        channels_last: Whether batches are laid out for convolutions.
    """

    photos: Photos
    batch_size: int
    decoder: PhotoDecoder
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    channels_last: bool = False

    def __iter__(self) -> Iterator[Batch]:
        """Give all photos."""
        rows = np.arange(len(self.photos))
        parts = [rows[i : i + self.batch_size] for i in range(0, len(rows), self.batch_size)]

        def begin(part: NDArray[np.int64]) -> list[Future[Any]]:
            return [self.decoder.submit(self._look, self.photos.paths[row]) for row in part]

        for part, images in ahead(parts, begin):
            batch = stack_batch(images, self.photos.labels[part], channels_last=self.channels_last)
            if batch is not None:
                yield batch

    def _look(self, path: str) -> NDArray[np.uint8] | None:
        pixels = self.decoder.decode(path)
        return None if isinstance(pixels, ImageProblem) else self.prepare(pixels)


def ahead(items: Sequence[Any], begin: Callable[[Any], list[Future[Any]]]) -> Iterator[tuple[Any, list[Any]]]:
    """Let the threads work a few batches ahead of whoever takes them."""
    pending: deque[tuple[Any, list[Future[Any]]]] = deque()
    try:
        for item in items:
            pending.append((item, begin(item)))
            if len(pending) > _BATCHES_AHEAD:
                ready, futures = pending.popleft()
                yield ready, [future.result() for future in futures]
        while pending:
            ready, futures = pending.popleft()
            yield ready, [future.result() for future in futures]
    finally:
        for _, futures in pending:
            for future in futures:
                future.cancel()


def stack_batch(
    images: Sequence[NDArray[np.uint8] | None], labels: NDArray[np.int64], *, channels_last: bool
) -> Batch | None:
    """Stack photos uint8 `[3, S, S]` to a batch `[B, 3, S, S]`, without those that are not there; None without any."""
    there = [i for i, image in enumerate(images) if image is not None]
    if not there:
        return None
    pixels = torch.from_numpy(np.stack([image for image in images if image is not None]))
    if channels_last:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
    return Batch(pixels, torch.from_numpy(labels[there]))


def count_problems(problems: Sequence[ImageProblem]) -> list[str]:
    """Say how many photos are left out, by status and reason."""
    counted = Counter(f"{problem.status.value} ({problem.reason})" for problem in problems)
    return [f"  {count:,} x {reason}" for reason, count in counted.most_common(5)]
