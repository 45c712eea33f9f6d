"""The manifest of a finished stage: what it was made from, what it wrote, what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from smartprod.pipeline.codecs import FileRecord, write_text_atomically

Metric = float | int | str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The account of one finished stage, `runs/<name>/<stage>/manifest.json`.

    Attributes:
        stage: Name of the stage.
        fingerprint: Digest of `parts`.
        parts: What the results depend on (see `fingerprint.Fingerprint`).
        writes: The written artefacts by name.
        rows_in: Rows that came in, if the stage counts rows.
        rows_out: Rows that went out.
        seconds: Wall-clock time.
        peak_memory_mib: Peak resident memory of the process during the stage; None where unknown.
        metrics: Figures the stage gave.
        lines: Account lines the stage said.
        libraries: Versions of the libraries it declared.
        seed: The run's seed.
        smartprod: Version of smartprod.
        python: Version of Python.
        finished: UTC time, ISO 8601.
    """

    stage: str
    fingerprint: str
    parts: Mapping[str, str]
    writes: Mapping[str, FileRecord]
    seconds: float
    seed: int
    smartprod: str
    python: str
    finished: str
    rows_in: int | None = None
    rows_out: int | None = None
    peak_memory_mib: float | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest as JSON."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, text)


def read_manifest(path: Path) -> Manifest | None:
    """Read a manifest; None where there is none, or none that this version understands."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        writes = {name: FileRecord(**record) for name, record in content.pop("writes").items()}
        lines = tuple(content.pop("lines"))
        return Manifest(writes=writes, lines=lines, **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # an unreadable manifest is as good as none: the stage runs again
