"""`manifest.json`: the size and SHA-256 of every other file of a model folder, and the check that nothing differs."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from smartprod.errors import ModelError
from smartprod.pipeline import hash_file

MANIFEST_FILE = "manifest.json"
MANIFEST_FORMAT = 1
_RESTORE = "restore the folder from a copy, or train again"


@dataclass(frozen=True, slots=True)
class FileHash:
    """What the manifest says about one file."""

    bytes: int
    sha256: str


def write_manifest(folder: Path) -> None:
    """Write `manifest.json` over all files that lie in the folder now."""
    files = {name: asdict(_hash(folder / name)) for name in _list_files(folder) if name != MANIFEST_FILE}
    text = json.dumps({"format": MANIFEST_FORMAT, "files": files}, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8", newline="\n")


def verify_model(folder: str | Path) -> str:
    """Check that a model folder holds exactly the files that were saved, byte for byte.

    Args:
        folder: The model folder.

    Returns:
        SHA-256 of the manifest, which identifies the model.

    Raises:
        ModelError: There is no model (SP710), its manifest cannot be read (SP711), a file is missing (SP712), altered
            (SP713), not of the model (SP714), or a link that leaves the folder (SP715).
    """
    folder = Path(folder)
    recorded = _read_manifest(folder)
    found = set(_list_files(folder)) - {MANIFEST_FILE}
    for name in sorted(recorded.keys() - found):
        raise ModelError(
            "SP712", f"the model folder lacks the file `{name}`", where=str(folder), fix=_RESTORE
        )
    for name in sorted(found - recorded.keys()):
        raise ModelError(
            "SP714",
            f"the model folder holds a file that does not belong to the model: `{name}`",
            where=str(folder / name),
            fix="move it elsewhere; a model folder holds nothing but the model",
        )
    for name in sorted(recorded):
        if _hash(folder / name) != recorded[name]:
            raise ModelError(
                "SP713",
                f"the file `{name}` of the model was altered: its SHA-256 is not the recorded one",
                where=str(folder / name),
                fix=_RESTORE,
            )
    return hash_file(folder / MANIFEST_FILE)


def _read_manifest(folder: Path) -> dict[str, FileHash]:
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise ModelError(
            "SP710",
            "there is no model folder" if not folder.is_dir() else f"the folder holds no `{MANIFEST_FILE}`",
            where=str(folder.absolute()),
            fix="give the folder that `smartprod run all` writes: runs/NAME/model",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != MANIFEST_FORMAT:
            raise ValueError(f"format {document['format']} is not known")  # noqa: TRY301
        return {str(name): FileHash(**entry) for name, entry in document["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "SP711", f"`{MANIFEST_FILE}` cannot be read: {error}", where=str(path), fix=_RESTORE
        ) from error


def _list_files(folder: Path) -> list[str]:
    """Names of all files below the folder, with `/`, sorted; links may only lead to files inside."""
    root = folder.resolve()
    names = []
    for parent, folders, files in os.walk(root):
        for entry in (*folders, *files):
            path = Path(parent) / entry
            name = path.relative_to(root).as_posix()
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise ModelError(
                    "SP715",
                    f"`{name}` is a link that leaves the model folder",
                    where=str(folder / name),
                    fix="put a copy of the file in its place",
                )
            if entry in files:
                names.append(name)
    return sorted(names)


def _hash(path: Path) -> FileHash:
    return FileHash(path.stat().st_size, hash_file(path))
