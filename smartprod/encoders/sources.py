"""Where the files of an encoder are: a local folder, or a snapshot of a hub repository; and what they hash to."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.encoders.offline import is_offline
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartprod.encoders.specs import EncoderSpec

_SETTINGS = ("*.json", "*.txt", "*.model", "*.jinja")
_SAFE_WEIGHTS = ("*.safetensors",)
_TORCH_WEIGHTS = ("pytorch_model*.bin", "*.pth", "*/pytorch_model.bin")
_OTHER_FORMATS = ("onnx/*", "openvino/*", "coreml/*", "original/*")
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth")
_HASHED_SUFFIXES = (".json", ".txt", ".model", *_WEIGHT_SUFFIXES)


def resolve_folder(spec: EncoderSpec, *, repository: str) -> Path:
    """Find the folder that holds the files of an encoder, downloading them where that is allowed.

    Args:
        spec: What the user named.
        repository: The hub repository that stands behind it; not used for a local folder.

    Raises:
        EncoderError: The folder is missing (SP402), or the files are neither in the local cache nor
            obtainable (SP403).
    """
    if spec.folder is None:
        return _snapshot(repository, spec.revision, name=spec.name)
    if not (spec.folder / "config.json").is_file():
        raise EncoderError(
            "SP402",
            f"The encoder {spec.name!r} has no file config.json in its folder."
            if spec.folder.is_dir()
            else f"The folder of the encoder {spec.name!r} does not exist.",
            where=str(spec.folder),
            fix="Give the folder that holds config.json and the weights (model.safetensors), as the hub lays it out.",
        )
    return spec.folder


def _snapshot(repository: str, revision: str | None, *, name: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    def fetch(patterns: Iterable[str]) -> Path:
        return Path(
            huggingface_hub.snapshot_download(
                repository,
                revision=revision,
                allow_patterns=list(patterns),
                ignore_patterns=list(_OTHER_FORMATS),
                local_files_only=is_offline(),
            )
        )

    try:
        folder = fetch((*_SETTINGS, *_SAFE_WEIGHTS))
        if not weight_files(folder):
            folder = fetch((*_SETTINGS, *_TORCH_WEIGHTS))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise _not_obtainable(repository, revision, name=name, cause=error) from error
    if not weight_files(folder):
        raise _not_obtainable(repository, revision, name=name, cause=None)
    return folder


def _not_obtainable(
    repository: str, revision: str | None, *, name: str, cause: Exception | None
) -> EncoderError:
    wanted = f"{repository}@{revision}" if revision else repository
    if is_offline():
        what = (
            f"The encoder {name!r} needs {wanted}, which is not in the local cache, and the network is off."
        )
    elif cause is None:
        what = (
            f"The hub repository {wanted} of the encoder {name!r} holds no weights that can be loaded safely."
        )
    else:
        what = f"The encoder {name!r} needs {wanted}, which could not be downloaded ({type(cause).__name__})."
    return EncoderError(
        "SP403",
        what,
        where=f"model hub, cache folder {hub_cache_folder()}",
        fix="Check the name; run once with network (`run.offline=no`) so that the files are kept; or copy the "
        "repository to a folder and name that: `<kind>:./folder`. lite0 and minilm need no network.",
    )


def hub_cache_folder() -> Path:
    """Name the folder in which the hub library keeps what it downloaded, without importing that library."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named)
    home = os.environ.get("HF_HOME")
    if home is None:
        home = str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface")
    return Path(home).expanduser() / "hub"


def is_in_hub_cache(repository: str) -> bool:
    """Whether some snapshot of a hub repository is on this machine."""
    snapshots = hub_cache_folder() / f"models--{repository.replace('/', '--')}" / "snapshots"
    return snapshots.is_dir() and any(snapshots.iterdir())


def weight_files(folder: Path) -> list[Path]:
    """List the weight files of a folder: safetensors where there are any, torch's format otherwise."""
    safe = [path for path in sorted(folder.rglob("*.safetensors")) if not _is_other_format(path, folder)]
    return safe or [path for path in sorted(folder.rglob("*")) if path.suffix in (".bin", ".pth")]


def hash_folder(folder: Path) -> str:
    """Hash every file that decides what an encoder computes: weights, settings, vocabulary."""
    digest = hashlib.sha256()
    for path in _deciding_files(folder):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(hash_file(path)))
    return digest.hexdigest()


def stat_folder(folder: Path) -> str:
    """Describe a folder by the sizes and times of its files: cheap, and changed when the encoder changes."""
    if not folder.is_dir():
        return "missing"
    digest = hashlib.sha256()
    for path in _deciding_files(folder):
        status = path.stat()
        digest.update(
            f"{path.relative_to(folder).as_posix()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode()
        )
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Compute the SHA-256 of a file; asked again for the same unchanged file, answers from memory."""
    status = path.stat()
    return _hash_file(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_file(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _deciding_files(folder: Path) -> list[Path]:
    weights = set(weight_files(folder))
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path in weights
        or (
            (path.suffix in _HASHED_SUFFIXES and path.suffix not in _WEIGHT_SUFFIXES and path.is_file())
            and not _is_other_format(path, folder)
        )
    ]


def _is_other_format(path: Path, folder: Path) -> bool:
    return path.relative_to(folder).parts[0] in {pattern.split("/")[0] for pattern in _OTHER_FORMATS}
