"""Between the decode threads and the store: one queue per image encoder, by where its model runs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from smartprod.embeddings.store import to_stored

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from numpy.typing import NDArray

    from smartprod.embeddings.store import EmbeddingSource
    from smartprod.encoders import ImageEncoder

CALLS_AT_ONCE = 2
"""Calls of a GPU encoder under way: while one computes, the next one is stacked and copied over."""


class EncodingQueue(Protocol):
    """Takes an encoder's images one by one and brings their embeddings to the store."""

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that the encoder resizes to."""
        ...

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a decoded image `[H, W, 3]` to the encoder's size, uint8 `[3, S, S]`; for decode threads."""
        ...

    def compute(self, prepared: NDArray[np.uint8]) -> NDArray[Any]:
        """Do with a prepared image what a decode thread can; for decode threads."""
        ...

    def add(self, key: str, computed: NDArray[Any]) -> None:
        """Take what `compute` gave."""
        ...

    def finish(self) -> None:
        """Bring everything taken to the store."""
        ...


def open_queue(encoder: ImageEncoder, store: EmbeddingSource, device: Executor) -> EncodingQueue:
    """Open the queue that suits an encoder; `device` runs `CALLS_AT_ONCE` threads."""
    if encoder.images_per_call == 1:
        return ProcessorQueue(encoder, store)
    return DeviceQueue(encoder, store, device)


class ProcessorQueue:
    """The decode thread runs the model too, on its one image: no thread waits for another."""

    def __init__(self, encoder: ImageEncoder, store: EmbeddingSource) -> None:
        self._encoder = encoder
        self._store = store

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that the encoder resizes to."""
        return self._encoder.min_side

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the prepared image, uint8 `[3, S, S]`."""
        return self._encoder.prepare(image)

    def compute(self, prepared: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Give the embedding, float16 `[D]`."""
        embeddings = self._encoder.encode(prepared[None])
        return to_stored(embeddings, encoder=repr(self._encoder.name))[0]

    def add(self, key: str, computed: NDArray[np.float16]) -> None:
        """Store an embedding, float16 `[D]`."""
        self._store.append(self._encoder.fingerprint, [key], computed[None])

    def finish(self) -> None:
        """Do nothing: nothing is held back."""


class DeviceQueue:
    """Decode threads prepare images, and a GPU takes them in large steps."""

    def __init__(self, encoder: ImageEncoder, store: EmbeddingSource, device: Executor) -> None:
        self._encoder = encoder
        self._store = store
        self._device = device
        self._waiting: list[tuple[str, NDArray[np.uint8]]] = []
        self._running: deque[tuple[list[str], Future[NDArray[np.float16]]]] = deque()

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that the encoder resizes to."""
        return self._encoder.min_side

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the prepared image, uint8 `[3, S, S]`."""
        return self._encoder.prepare(image)

    def compute(self, prepared: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the prepared image as it is."""
        return prepared

    def add(self, key: str, computed: NDArray[np.uint8]) -> None:
        """Take a prepared image, uint8 `[3, S, S]`."""
        self._waiting.append((key, computed))
        if len(self._waiting) == self._encoder.images_per_call:
            self._start()
        if len(self._running) > CALLS_AT_ONCE:
            self._store_oldest()

    def finish(self) -> None:
        """Encode and store what is left."""
        if self._waiting:
            self._start()
        while self._running:
            self._store_oldest()

    def _start(self) -> None:
        keys = [key for key, _ in self._waiting]
        future = self._device.submit(self._encode, [image for _, image in self._waiting])
        self._running.append((keys, future))
        self._waiting = []

    def _encode(self, images: list[NDArray[np.uint8]]) -> NDArray[np.float16]:
        return to_stored(self._encoder.encode(np.stack(images)), encoder=repr(self._encoder.name))

    def _store_oldest(self) -> None:
        keys, future = self._running.popleft()
        self._store.append(self._encoder.fingerprint, keys, future.result())
