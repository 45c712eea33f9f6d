"""The fingerprint of a stage: everything its results depend on, in a form that tells what changed."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.errors import PipelineError

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.pipeline.registry import Stage
    from smartprod.pipeline.run_folder import RunFolder

SOURCE_SUFFIXES = frozenset({".py", ".j2", ".html", ".css", ".js"})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a stage's results depend on.

    Attributes:
        parts: `input products`, `config clean.fields`, `code smartprod.cleaning`, `library torch`, `seed`, ... each
            with its present value or hash.
    """

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 over all parts, in hexadecimal."""
        return hashlib.sha256(json.dumps(dict(self.parts), sort_keys=True).encode()).hexdigest()

    def changes_since(self, earlier: Mapping[str, str]) -> tuple[str, ...]:
        """Names of the parts that differ from earlier ones, sorted."""
        names = sorted({*self.parts, *earlier})
        return tuple(name for name in names if self.parts.get(name) != earlier.get(name))


def fingerprint_stage(
    stage: Stage, *, config: Config, run: RunFolder, inputs: Mapping[str, str]
) -> Fingerprint:
    """Compute a stage's fingerprint without importing any of its libraries.

    Args:
        stage: The stage.
        config: The configuration in force.
        run: The run folder, for the stage's `identity`.
        inputs: The digest of the stage that produces each artefact in `stage.reads`.
    """
    parts = {f"input {name}": inputs[name] for name in stage.reads}
    for section in stage.config:
        parts.update(flatten(f"config {section}", config_value(config, section)))
    parts.update({f"code {package}": hash_package(package) for package in stage.packages})
    parts.update({f"library {name}": library_version(name) for name in stage.libraries})
    if stage.identity is not None:
        parts["files"] = stage.identity(config, run)
    parts["seed"] = str(config.run.seed)
    return Fingerprint(parts)


def config_value(config: Config, key: str) -> object:
    """The JSON form of a section (`clean`) or of one key (`extract.image`).

    Raises:
        PipelineError: The configuration has no such key.
    """
    value: Any = config.model_dump(mode="json")
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            raise PipelineError(
                "SP929",
                f"a stage declares the configuration key `{key}`, which does not exist",
                fix="mend the stage",
            )
        value = value[name]
    return value


def flatten(prefix: str, value: object) -> dict[str, str]:
    """One entry per leaf of nested dicts, values as JSON text."""
    if isinstance(value, dict) and value:
        return {
            key: text
            for name, part in value.items()
            for key, text in flatten(f"{prefix}.{name}", part).items()
        }
    return {prefix: json.dumps(value, ensure_ascii=False)}


@functools.cache
def hash_package(package: str) -> str:
    """SHA-256 over the source files of a package (or single module), by name and content; templates count too."""
    origin, is_package = _source_of(package)
    folder = origin.parent
    files = (
        sorted(file for file in folder.rglob("*") if file.suffix in SOURCE_SUFFIXES)
        if is_package
        else [origin]
    )
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@functools.cache
def library_version(name: str) -> str:
    """The installed version of a distribution, `absent` where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _source_of(package: str) -> tuple[Path, bool]:
    """The source file of a module, and whether it is a package's `__init__.py`."""
    module = sys.modules.get(package)
    if module is not None and getattr(module, "__file__", None):
        return Path(str(module.__file__)), hasattr(module, "__path__")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise PipelineError(
            "SP930", f"a stage declares the package `{package}`, which cannot be found", fix="mend the stage"
        )
    return Path(spec.origin), spec.submodule_search_locations is not None
