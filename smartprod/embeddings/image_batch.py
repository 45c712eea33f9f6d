"""The images of a batch of rows: read, hashed, and where the store lacks them decoded and encoded."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.catalog import Status
from smartprod.embeddings.decoding import ImageLimits, ImageProblem, decode_image
from smartprod.embeddings.encoding_queue import CALLS_AT_ONCE, open_queue
from smartprod.embeddings.keys import image_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from numpy.typing import NDArray

    from smartprod.embeddings.encoding_queue import EncodingQueue
    from smartprod.embeddings.image_reader import ImageReader
    from smartprod.embeddings.store import EmbeddingSource
    from smartprod.encoders import ImageEncoder

    _Worked = list[NDArray[Any]]  # for each queue that wants the image

_FILES_AHEAD = 256

# A task decodes several files and then runs the model on each. Taking turns at every file, decoder and model push each
# other's data out of the processor's cache: lite0 then reaches 94 % of the ceiling instead of 100 %.
_FILES_PER_TASK = 8
_LEAST_TASKS = 32  # a short list is cut finer, so that no thread is left without work


@dataclass(frozen=True, slots=True)
class RowImages:
    """What became of one row's images.

    Attributes:
        keys: Content keys of the images used, in the order listed.
        used: Their paths.
        problems: Path and problem of each image that was tried and could not be used.
        main_failed: Whether the first image listed is among the problems.
    """

    keys: tuple[str, ...]
    used: tuple[str, ...]
    problems: tuple[tuple[str, ImageProblem], ...]
    main_failed: bool


@dataclass(slots=True)
class Tally:
    """How much was computed and how much was there already, over all batches so far."""

    computed: int = 0
    reused: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Items computed per second."""
        return self.computed / self.seconds if self.seconds else 0.0

    def add(self, other: Tally) -> None:
        """Count what another one counted."""
        self.computed += other.computed
        self.reused += other.reused
        self.seconds += other.seconds


@dataclass(slots=True)
class ImageBatches:
    """Gives rows of image paths their embeddings, which end up in `store`.

    Attributes:
        encoders: Every image goes to all of them.
        store: Where embeddings are looked up, and kept batch by batch.
        pool: Threads that decode, and run the models that run on the processor.
        reader: Gives the bytes of an image.
        limits: What is too large to decode.
        per_row: Most images used of one row.
        tally: Counts over all batches so far.
    """

    encoders: Sequence[ImageEncoder]
    store: EmbeddingSource
    pool: Executor
    reader: ImageReader
    limits: ImageLimits
    per_row: int
    tally: Tally = field(default_factory=Tally)

    def run(self, rows: Sequence[Sequence[str]], *, advance: Callable[[int], None]) -> list[RowImages]:
        """Embed the first `per_row` readable images of each row.

        An image that cannot be read is replaced by the row's next one, if there is one; never by another row's.

        Args:
            rows: Image paths of each row, the main one first.
            advance: Told how many more images are done.
        """
        started = perf_counter()
        outcomes: dict[str, str | ImageProblem] = {}
        while wanted := self._wanted(rows, outcomes):
            outcomes.update(self._embed_files(wanted, advance))
        self.tally.seconds += perf_counter() - started
        return [self._row_images(paths, outcomes) for paths in rows]

    def _wanted(self, rows: Sequence[Sequence[str]], outcomes: dict[str, str | ImageProblem]) -> list[str]:
        """Name the files to try next: of each row as many as it lacks, among those not tried yet."""
        wanted: dict[str, None] = {}
        for paths in rows:
            used = sum(isinstance(outcomes.get(path), str) for path in paths)
            untried = (path for path in paths if path not in outcomes)
            wanted.update(dict.fromkeys(islice(untried, max(0, self.per_row - used))))
        return list(wanted)

    def _row_images(self, paths: Sequence[str], outcomes: dict[str, str | ImageProblem]) -> RowImages:
        tried = [(path, outcomes[path]) for path in dict.fromkeys(paths) if path in outcomes]
        good = [(path, found) for path, found in tried if isinstance(found, str)][: self.per_row]
        return RowImages(
            keys=tuple(key for _, key in good),
            used=tuple(path for path, _ in good),
            problems=tuple((path, found) for path, found in tried if isinstance(found, ImageProblem)),
            main_failed=bool(tried) and isinstance(tried[0][1], ImageProblem),
        )

    def _embed_files(self, paths: list[str], advance: Callable[[int], None]) -> dict[str, str | ImageProblem]:
        """Give each file its content key once its embeddings are in the store, or its problem."""
        self.reader.expect(paths)
        hashed = dict(zip(paths, self.pool.map(self._hash_file, paths), strict=True))
        first_path: dict[str, str] = {}
        for path, key in hashed.items():
            if isinstance(key, str):
                first_path.setdefault(key, path)
        lacking = self._lacking(list(first_path))
        self.tally.reused += len(first_path) - len(lacking)
        advance(len(paths) - len(lacking))
        problems = self._encode({key: first_path[key] for key in lacking}, lacking, advance)
        return {path: problems.get(key, key) if isinstance(key, str) else key for path, key in hashed.items()}

    def _lacking(self, keys: list[str]) -> dict[str, list[int]]:
        """Name the keys that the store lacks, and for which encoders."""
        lacking: dict[str, list[int]] = {}
        for number, encoder in enumerate(self.encoders):
            for i in np.flatnonzero(~self.store.contains(encoder.fingerprint, keys)):
                lacking.setdefault(keys[i], []).append(number)
        return lacking

    def _encode(
        self, files: dict[str, str], lacking: dict[str, list[int]], advance: Callable[[int], None]
    ) -> dict[str, ImageProblem]:
        """Decode files, given by key, encode them and store the embeddings; returns the problems by key."""
        problems: dict[str, ImageProblem] = {}
        with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="device") as device:
            queues = [open_queue(encoder, self.store, device) for encoder in self.encoders]
            wanted = {key: [queues[number] for number in lacking[key]] for key in files}
            for key, worked in self._worked(files, wanted):
                if isinstance(worked, ImageProblem):
                    problems[key] = worked
                else:
                    for queue, values in zip(wanted[key], worked, strict=True):
                        queue.add(key, values)
                advance(1)
            for queue in queues:
                queue.finish()
        self.tally.computed += len(files) - len(problems)
        return problems

    def _worked(
        self, files: dict[str, str], wanted: dict[str, list[EncodingQueue]]
    ) -> Iterator[tuple[str, _Worked | ImageProblem]]:
        """Let the pool work on files, some way ahead and no more: memory stays bounded."""
        size = min(_FILES_PER_TASK, 1 + len(files) // _LEAST_TASKS)
        items = iter(files.items())
        pending: deque[Future[list[tuple[str, _Worked | ImageProblem]]]] = deque()
        try:
            while task := list(islice(items, size)):
                pending.append(self.pool.submit(self._work_on_files, task, wanted))
                if len(pending) * size > _FILES_AHEAD:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    def _work_on_files(
        self, task: list[tuple[str, str]], wanted: dict[str, list[EncodingQueue]]
    ) -> list[tuple[str, _Worked | ImageProblem]]:
        prepared = [(key, self._prepare_file(path, key, wanted[key])) for key, path in task]
        return [
            (key, found)
            if isinstance(found, ImageProblem)
            else (key, [queue.compute(image) for queue, image in zip(wanted[key], found, strict=True)])
            for key, found in prepared
        ]

    def _hash_file(self, path: str) -> str | ImageProblem:
        try:
            return image_key(self.reader.read(path))
        except ImageProblem as problem:
            return problem

    def _prepare_file(
        self, path: str, key: str, queues: Sequence[EncodingQueue]
    ) -> list[NDArray[np.uint8]] | ImageProblem:
        try:
            data = self.reader.read(path)
            # Decoded for each size that is wanted: at another scale, an embedding would depend on the other encoders.
            pictures = {
                side: decode_image(data, min_side=side, limits=self.limits)
                for side in {queue.min_side for queue in queues}
            }
        except ImageProblem as problem:
            return problem
        if image_key(data) != key:  # its embedding would be kept as another picture's
            return ImageProblem(Status.UNREADABLE, "changed while it was read")
        return [queue.prepare(pictures[queue.min_side]) for queue in queues]
