"""Artefacts on disk: written to a temporary name, synced and renamed, so that a file is whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.errors import PipelineError
from smartprod.pipeline.artefacts import Artefact, ArtefactKind
from smartprod.pipeline.tables import ROWS_PER_GROUP, TableFile

if TYPE_CHECKING:
    import numpy as np


class Arrays(dict[str, "np.ndarray[Any, Any]"]):
    """Named numpy arrays with string metadata; the value of an `ARRAYS` artefact.

    Attributes:
        metadata: Strings stored beside the arrays in the safetensors header.
    """

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray[Any, Any]] | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(arrays or {})
        self.metadata: dict[str, str] = dict(metadata or {})


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a manifest keeps about a written artefact.

    Attributes:
        path: Relative to the run folder, with `/`.
        files: Number of files (1 unless a folder).
        bytes: Total size.
        sha256: Hash of the file; of a folder, hash over the sorted names and hashes of its files.
    """

    path: str
    files: int
    bytes: int
    sha256: str


def write_artefact(artefact: Artefact, value: object, path: Path) -> None:
    """Write a value at `path` by way of a temporary neighbour.

    Raises:
        PipelineError: The value is not of the artefact's kind.
    """
    expected = _EXPECTED[artefact.kind]
    if not _is_of_kind(artefact.kind, value):
        raise PipelineError(
            "SP924",
            f"artefact `{artefact.name}` has to be {expected}, not {type(value).__module__}.{type(value).__name__}",
            fix="return the declared kind from the stage, or change the artefact's kind",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if artefact.kind is ArtefactKind.FOLDER:
        replace_folder(Path(str(value)), path)
        return
    if isinstance(value, TableFile) and value.path == temporary_name(path):
        value.path.replace(path)  # the writer has synced it
        return
    encode = _ENCODERS[artefact.kind]
    try:
        write_atomically(path, lambda temporary: encode(value, temporary))
    except (TypeError, ValueError) as error:
        raise PipelineError(
            "SP925",
            f"artefact `{artefact.name}` cannot be written as {artefact.kind.value}: {error}",
            where=str(path),
            fix="use plain finite numbers, strings, lists and dicts in JSON, and numpy arrays in ARRAYS",
        ) from error


def read_artefact(artefact: Artefact, path: Path) -> object:
    """Read an artefact back; of a folder, return its path."""
    return _DECODERS[artefact.kind](path)


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary path beside `path`, sync the file and rename it into place."""
    temporary = temporary_name(path)
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """The neighbour under which this process writes what will become `path`; machines may share its folder."""
    return path.with_name(f".{path.name}.{platform.node()}-{os.getpid()}.tmp")


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes or failed stages left beside `path`."""
    for left in (*path.parent.glob(f".{path.name}.*.tmp"), *path.parent.glob(f".{path.name}.*.old")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text with bare line feeds, whole or not at all."""
    write_atomically(path, lambda temporary: _write_text(text, temporary))


def replace_folder(new: Path, path: Path) -> None:
    """Put the folder `new` in the place of `path`; both lie on one file system."""
    for file in new.rglob("*"):
        if file.is_file():
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
    old = temporary_name(path).with_suffix(".old")
    if path.exists():
        path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def record_file(path: Path, root: Path) -> FileRecord:
    """Hash and measure a written file or folder below `root`."""
    relative = path.relative_to(root).as_posix()
    if path.is_file():
        return FileRecord(relative, 1, path.stat().st_size, hash_file(path))
    digest = hashlib.sha256()
    files = _files_below(path)
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()}\0{hash_file(file)}\n".encode())
    return FileRecord(relative, len(files), sum(file.stat().st_size for file in files), digest.hexdigest())


def is_whole(record: FileRecord, root: Path) -> bool:
    """Tell whether a recorded artefact still exists with its number of files and its size (no hashing)."""
    path = root / record.path
    if path.is_file():
        return record.files == 1 and path.stat().st_size == record.bytes
    if not path.is_dir():
        return False
    files = _files_below(path)
    return len(files) == record.files and sum(file.stat().st_size for file in files) == record.bytes


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files_below(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _is_of_kind(kind: ArtefactKind, value: object) -> bool:
    if kind is ArtefactKind.PARQUET:
        import pyarrow as pa

        return isinstance(value, pa.Table | TableFile)
    if kind is ArtefactKind.FOLDER:
        return isinstance(value, Path) and value.is_dir()
    return isinstance(value, {"json": dict | list, "arrays": dict, "text": str}[kind.value])


def _write_parquet(value: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    if isinstance(value, TableFile):  # of another artefact
        shutil.copyfile(value.path, path)
        return
    pq.write_table(value, path, compression="zstd", row_group_size=ROWS_PER_GROUP)


def _read_parquet(path: Path) -> object:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read()


def _write_json(value: Any, path: Path) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=_plain_number)
    path.write_text(text + "\n", encoding="utf-8")


def _plain_number(value: Any) -> object:
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _read_json(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_arrays(value: Any, path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(array) for name, array in value.items()}
    save_file(arrays, path, metadata=getattr(value, "metadata", None) or None)


def _read_arrays(path: Path) -> object:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return Arrays({name: file.get_tensor(name) for name in file.keys()}, metadata=file.metadata())  # noqa: SIM118


def _write_text(value: Any, path: Path) -> None:
    path.write_text(value, encoding="utf-8", newline="\n")


_EXPECTED = {
    ArtefactKind.PARQUET: "a pyarrow.Table or a TableFile",
    ArtefactKind.JSON: "a dict or a list",
    ArtefactKind.ARRAYS: "an Arrays or a dict of numpy arrays",
    ArtefactKind.TEXT: "a str",
    ArtefactKind.FOLDER: "the Path that `context.folder(name)` gave",
}
_ENCODERS: dict[ArtefactKind, Callable[[Any, Path], None]] = {
    ArtefactKind.PARQUET: _write_parquet,
    ArtefactKind.JSON: _write_json,
    ArtefactKind.ARRAYS: _write_arrays,
    ArtefactKind.TEXT: _write_text,
}
_DECODERS: dict[ArtefactKind, Callable[[Path], object]] = {
    ArtefactKind.PARQUET: _read_parquet,
    ArtefactKind.JSON: _read_json,
    ArtefactKind.ARRAYS: _read_arrays,
    ArtefactKind.TEXT: lambda path: path.read_text(encoding="utf-8"),
    ArtefactKind.FOLDER: lambda path: path,
}
