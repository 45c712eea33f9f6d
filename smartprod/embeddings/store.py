"""The embedding store: one Lance dataset per encoder fingerprint, keyed by content.

The same photo is computed once however many rows or runs use it. Values are kept as float16, and what was just
computed is read back rounded the same way, so a first and a second run see the same numbers.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from smartprod.errors import EncoderError
from smartprod.pipeline import disk_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from smartprod.config.schema import Config

KEYS_PER_QUERY = 8_192  # with a million keys stored, far faster at once than by 1,000
INDEX_CACHE_BYTES = 96 << 20  # an index of six million embeddings; without a cache each query reads it again
METADATA_CACHE_BYTES = 32 << 20
_PLACE = "place"
ROWS_WORTH_AN_INDEX = 20_000
FRAGMENTS_WORTH_COMPACTING = 64
LOCK_SECONDS = 600
KEEP_VERSIONS = timedelta(hours=1)  # another process may still be reading the last ones


class EmbeddingSource(Protocol):
    """Where embeddings are kept by content key: on disk, or in memory for a while."""

    def contains(self, fingerprint: str, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Say which of N keys are stored for an encoder, bool `[N]`."""
        ...

    def get(self, fingerprint: str, keys: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Give a mask, bool `[N]`, and embeddings, float32 `[N, D]`, in the order of `keys`."""
        ...

    def append(self, fingerprint: str, keys: Sequence[str], embeddings: NDArray[np.floating]) -> int:
        """Keep embeddings `[N, D]`; returns how many were new."""
        ...


def store_folder(config: Config) -> Path:
    """Name the store's folder: `extract.store`, or `embedding-store` beside the runs, which share it."""
    named = config.extract.store
    return Path(named).expanduser() if named else Path(config.run.folder) / "embedding-store"


@dataclass(frozen=True, slots=True)
class EmbeddingStore:
    """Embeddings on disk, by encoder fingerprint and content key.

    Several threads and processes may read and append at once; a killed one loses only what it had not committed.

    Attributes:
        folder: Where the datasets lie; made on the first append.
    """

    folder: Path

    def contains(self, fingerprint: str, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Say which of N keys are stored for an encoder, bool `[N]`."""
        table = self._query(fingerprint, list(dict.fromkeys(keys)), ["key"])
        stored = set() if table is None else set(table["key"].to_pylist())
        return np.fromiter((key in stored for key in keys), bool, len(keys))

    def get(self, fingerprint: str, keys: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Look embeddings up.

        Args:
            fingerprint: Of the encoder.
            keys: N content keys, in any order, repeated or not.

        Returns:
            Which keys are stored, bool `[N]`; and their embeddings in the order of `keys`, float32 `[N, D]`, zero
            where absent (D is 0 where nothing is stored for the encoder).
        """
        unique = list(dict.fromkeys(keys))
        table = self._query(fingerprint, unique, ["key", "embedding"])
        if table is None:
            return np.zeros(len(keys), bool), np.zeros((len(keys), 0), np.float32)
        stored = _to_numpy(table["embedding"])
        position = {key: i for i, key in enumerate(table["key"].to_pylist())}
        places = np.fromiter((position.get(key, -1) for key in keys), np.int64, len(keys))
        found = places >= 0
        if found.all():
            return found, stored[places].astype(np.float32)
        embeddings = np.zeros((len(keys), stored.shape[1]), np.float32)
        embeddings[found] = stored[places[found]]
        return found, embeddings

    def append(self, fingerprint: str, keys: Sequence[str], embeddings: NDArray[np.floating]) -> int:
        """Commit embeddings `[N, D]` under their keys, at once; what is stored already is left alone.

        Returns:
            How many were new.

        Raises:
            EncoderError: Values are not finite (SP420), another process holds the store (SP421), or the dataset is
                damaged (SP425).
            DiskError: The disk is full, read-only, closed to the user or failing.
        """
        rounded = to_stored(embeddings, encoder=f"with fingerprint {fingerprint[:12]}")
        with self._lock(fingerprint):
            found = self.contains(fingerprint, keys)
            first = {key: i for i, key in reversed(list(enumerate(keys))) if not found[i]}
            if not first:
                return 0
            new = sorted(first.values())
            self._write(fingerprint, [keys[i] for i in new], rounded[new])
            return len(new)

    def count(self, fingerprint: str) -> int:
        """Count the embeddings stored for an encoder."""
        dataset = self._open(fingerprint)
        return 0 if dataset is None else int(dataset.count_rows())

    def tidy(self, fingerprint: str) -> None:
        """Merge small fragments and bring the key index up to date, once there is enough to gain."""
        with self._lock(fingerprint):
            dataset = self._open(fingerprint)
            if dataset is None:
                return
            if len(dataset.get_fragments()) > FRAGMENTS_WORTH_COMPACTING:
                dataset.optimize.compact_files()
                dataset.cleanup_old_versions(older_than=KEEP_VERSIONS)
            if dataset.count_rows() < ROWS_WORTH_AN_INDEX:
                return
            if dataset.describe_indices():
                dataset.optimize.optimize_indices()
            else:
                dataset.create_scalar_index(_PLACE, "BTREE")

    def _path(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint[:32]}.lance"

    @contextmanager
    def _lock(self, fingerprint: str) -> Iterator[None]:
        """Let one process at a time check and append; the system releases a killed process's lock."""
        from filelock import FileLock, Timeout

        with _told(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{fingerprint[:32]}.lock"
        try:
            with FileLock(file, timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise EncoderError(
                "SP421",
                f"Another process has been writing to the embedding store for {LOCK_SECONDS} seconds.",
                where=str(file),
                fix="Wait for it, end it, or give this run a store of its own (extract.store).",
            ) from error

    def _open(self, fingerprint: str) -> Any:
        import lance

        path = self._path(fingerprint)
        # A first append that was killed leaves data files and no version: nothing is stored then.
        if not any((path / "_versions").glob("*")):
            return None
        with _told(path):
            return lance.dataset(str(path), session=_session())

    def _query(self, fingerprint: str, keys: list[str], columns: list[str]) -> pa.Table | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        dataset = self._open(fingerprint)
        if dataset is None:
            return None
        filters = [f"{_PLACE} IN ({', '.join(map(str, map(_place, part)))})" for part in _parts(keys)]
        with _told(self._path(fingerprint)):
            tables = [dataset.to_table(columns=columns, filter=text) for text in filters]
        asked = pa.array(keys, pa.string())
        found = [
            table.filter(pc.is_in(table["key"], asked)) for table in tables
        ]  # two keys may share a place
        return pa.concat_tables([pa.schema(map(dataset.schema.field, columns)).empty_table(), *found])

    def _write(self, fingerprint: str, keys: list[str], embeddings: NDArray[np.float16]) -> None:
        import lance
        import pyarrow as pa

        path = self._path(fingerprint)
        values = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.ravel()), embeddings.shape[1])
        places = pa.array(map(_place, keys), pa.int32())
        table = pa.table({"key": pa.array(keys, pa.string()), _PLACE: places, "embedding": values})
        mode = "create" if self._open(fingerprint) is None else "append"
        with _told(path):
            lance.write_dataset(table, str(path), mode=mode)


@cache
def _session() -> Any:
    """Share what is cached between all openings in this process, and bound it; by default each opening caches afresh."""
    import lance

    return lance.Session(
        index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell a failure of the disk as such, and any other failure of the dataset as one coded error."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        failure = disk_error(error, where=path)
        if failure is not None:
            raise failure from error
        raise EncoderError(
            "SP425",
            f"The embedding store cannot be read or written: {str(error).splitlines()[0][:300]}",
            where=str(path),
            fix="A damaged dataset may be deleted: its embeddings are computed again.",
        ) from error


class MemoryStore:
    """Embeddings of one batch of rows, rounded like those on disk; for scoring that keeps nothing."""

    def __init__(self) -> None:
        self._embeddings: dict[str, dict[str, NDArray[np.float16]]] = {}

    def contains(self, fingerprint: str, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Say which of N keys are stored for an encoder, bool `[N]`."""
        stored = self._embeddings.get(fingerprint, {})
        return np.fromiter((key in stored for key in keys), bool, len(keys))

    def get(self, fingerprint: str, keys: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Give a mask, bool `[N]`, and embeddings, float32 `[N, D]`, in the order of `keys`."""
        stored = self._embeddings.get(fingerprint, {})
        found = self.contains(fingerprint, keys)
        dim = next((len(embedding) for embedding in stored.values()), 0)
        embeddings = np.zeros((len(keys), dim), np.float32)
        for i in np.flatnonzero(found).tolist():
            embeddings[i] = stored[keys[i]]
        return found, embeddings

    def append(self, fingerprint: str, keys: Sequence[str], embeddings: NDArray[np.floating]) -> int:
        """Keep embeddings `[N, D]`; returns how many were new."""
        rounded = to_stored(embeddings, encoder=f"with fingerprint {fingerprint[:12]}")
        stored = self._embeddings.setdefault(fingerprint, {})
        before = len(stored)
        for key, embedding in zip(keys, rounded, strict=True):
            stored.setdefault(key, embedding)
        return len(stored) - before


def to_stored(embeddings: NDArray[np.floating], *, encoder: str) -> NDArray[np.float16]:
    """Round embeddings `[N, D]` to what the store holds.

    Raises:
        EncoderError: (SP420) Values are no numbers, or too large; names the encoder.
    """
    with np.errstate(over="ignore"):  # becomes infinite, and is refused
        rounded = embeddings.astype(np.float16)
    bad = ~np.isfinite(rounded).all(axis=1)
    if bad.any():
        raise EncoderError(
            "SP420",
            f"The encoder {encoder} gave {int(bad.sum())} of {len(embeddings)} embeddings that are not finite float16 numbers.",
            fix="Set extract.runtime=torch and SMARTPROD_DEVICE=cpu; if it stays so, choose another encoder.",
        )
    return rounded


def _place(key: str) -> int:
    """Name a key by 4 bytes of its hash: an index of them takes a third of the memory that one of the keys takes."""
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big", signed=True)


def _parts(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), KEYS_PER_QUERY):
        yield keys[start : start + KEYS_PER_QUERY]


def _to_numpy(column: pa.ChunkedArray) -> NDArray[np.float16]:
    dim = column.type.list_size
    chunks = [chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim) for chunk in column.chunks]
    return np.concatenate(chunks) if chunks else np.zeros((0, dim), np.float16)
