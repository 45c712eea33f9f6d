"""Embeddings on their way to the store: committed together, but never held for long."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from smartprod.embeddings.store import to_stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from numpy.typing import NDArray

    from smartprod.embeddings.store import EmbeddingSource

COMMIT_SECONDS = 60.0
"""Longest time that a kill may cost; BEiT computes 120 images in it on one core."""


class StoreBuffer:
    """Collects embeddings for a store, whose commits are dear; use it as a context manager.

    It commits every minute and at its end, whatever brought the end about: after Ctrl-C or an error too, everything that
    was computed is kept.

    Args:
        store: Where the embeddings go.
    """

    def __init__(self, store: EmbeddingSource) -> None:
        self._store = store
        self._held: dict[str, dict[str, NDArray[np.float16]]] = {}
        self._since = 0.0

    def contains(self, fingerprint: str, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Say which of N keys are stored or held for an encoder, bool `[N]`."""
        held = self._held.get(fingerprint, {})
        found = self._store.contains(fingerprint, keys)
        return found | np.fromiter((key in held for key in keys), bool, len(keys)) if held else found

    def get(self, fingerprint: str, keys: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Commit, then give a mask, bool `[N]`, and embeddings, float32 `[N, D]`, in the order of `keys`."""
        self.commit()
        return self._store.get(fingerprint, keys)

    def append(self, fingerprint: str, keys: Sequence[str], embeddings: NDArray[np.floating]) -> int:
        """Hold embeddings `[N, D]`, and commit when the first of them have been held for a minute.

        Returns:
            How many were not held yet.

        Raises:
            EncoderError: (SP420) Values are not finite.
        """
        if not self._held:
            self._since = monotonic()
        held = self._held.setdefault(fingerprint, {})
        before = len(held)
        rounded = to_stored(embeddings, encoder=f"with fingerprint {fingerprint[:12]}")
        for key, embedding in zip(keys, rounded, strict=True):
            held.setdefault(key, embedding)
        new = len(held) - before
        if monotonic() - self._since >= COMMIT_SECONDS:
            self.commit()
        return new

    def commit(self) -> None:
        """Put everything that is held into the store, a commit for each encoder."""
        while self._held:
            fingerprint, held = self._held.popitem()
            if held:
                self._store.append(fingerprint, list(held), np.stack(list(held.values())))

    def __enter__(self) -> StoreBuffer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.commit()
