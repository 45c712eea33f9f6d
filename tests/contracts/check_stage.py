"""The contract of stages: every registered stage must pass these."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from smartprod.config import Config
from smartprod.pipeline import (
    RunFolder,
    Stage,
    StageContext,
    TableFile,
    TableWriter,
    get_artefact,
    load_stages,
)
from smartprod.pipeline.codecs import write_artefact
from smartprod.pipeline.fingerprint import config_value, fingerprint_stage, hash_package

HEAVY = (
    "torch",
    "transformers",
    "timm",
    "sklearn",
    "lightgbm",
    "bokeh",
    "pandas",
    "lance",
    "imblearn",
    "scipy",
)
# Measured times are the only thing that may differ between two runs.
TIMES = ("seconds", "rows_per_second")


def check_declared(name: str) -> None:
    """What a stage declares fits its function, the configuration and the package."""
    stage = load_stages()[name]
    assert tuple(inspect.signature(stage.function).parameters) == ("context", *stage.reads)
    assert set(stage.streams) <= set(stage.reads)
    assert stage.writes
    assert (inspect.getdoc(stage.function) or "").partition("\n")[0] == stage.doc
    assert stage.doc.endswith(".")
    for artefact in (*stage.reads, *stage.writes):
        assert get_artefact(artefact).doc
    for key in stage.config:
        config_value(Config(), key)
    for package in stage.packages:
        assert len(hash_package(package)) == 64
    assert len(set(stage.packages)) == len(stage.packages)


def check_import_is_light(name: str) -> None:
    module = load_stages()[name].function.__module__
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def check_stage(
    name: str, inputs: Mapping[str, object], *, config: Config, folder: Path
) -> dict[str, object]:
    """Run a stage twice on the same inputs, and hold both to its declaration and to each other; returns its outputs."""
    stage = load_stages()[name]
    outputs: list[dict[str, object]] = []
    for attempt in ("first", "second"):
        context = StageContext(config, stage=name, run=RunFolder(folder / attempt))
        values = dict(
            stage.function(context, **{read: given(read, stage, inputs, folder) for read in stage.reads})
        )
        assert set(values) == set(stage.writes)
        assert context.lines
        for artefact in stage.writes:
            path = folder / attempt / "written" / get_artefact(artefact).path
            write_artefact(get_artefact(artefact), values[artefact], path)
            if isinstance(values[artefact], Path):
                values[artefact] = path
            if isinstance(values[artefact], TableFile):
                values[artefact] = TableFile(path).read()
        outputs.append(values)
    fingerprints = {
        fingerprint_stage(
            stage, config=config, run=RunFolder(folder), inputs=dict.fromkeys(stage.reads, "same")
        ).digest
        for _ in range(2)
    }
    assert len(fingerprints) == 1
    for artefact in stage.writes:
        assert same_artefact(outputs[0][artefact], outputs[1][artefact]), (
            f"{artefact} differs between two runs"
        )
    return outputs[0]


def given(name: str, stage: Stage, inputs: Mapping[str, object], folder: Path) -> object:
    """An input as the stage takes it: what it streams is a file."""
    value = inputs[name]
    if name not in stage.streams:
        return value
    assert isinstance(value, pa.Table)
    folder.mkdir(parents=True, exist_ok=True)
    with TableWriter(folder / f"{name}.parquet", value.schema) as writer:
        writer.write(value)
    return writer.table


def same_artefact(first: object, second: object) -> bool:
    """Compare artefacts exactly: folders byte for byte, JSON but for measured times."""
    if isinstance(first, Path) and isinstance(second, Path):
        return folder_bytes(first) == folder_bytes(second)
    if isinstance(first, pa.Table):
        return first.equals(second)
    if isinstance(first, str):
        return first == second
    return without_times(first) == without_times(second)


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


def without_times(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: without_times(part) for key, part in value.items() if key not in TIMES}
    if isinstance(value, list | tuple):
        return [without_times(part) for part in value]
    return value.tobytes() if hasattr(value, "tobytes") else value
