"""Stages: typed functions registered under a name, with declared inputs, outputs and configuration."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from smartprod.errors import PipelineError
from smartprod.pipeline.artefacts import ArtefactKind, get_artefact

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.pipeline.run_folder import RunFolder

StageFunction = TypeVar("StageFunction", bound=Callable[..., Mapping[str, object]])
ENTRY_POINT_GROUP = "smartprod.stages"
STAGE_MODULES = (
    "smartprod.catalog.stages",
    "smartprod.catalog.label_stage",
    "smartprod.catalog.files_stage",
    "smartprod.cleaning.stage",
    "smartprod.embeddings.stage",
    "smartprod.embeddings.finetuned_stage",
    "smartprod.finetuning.stage",
    "smartprod.finetuning.text_stage",
    "smartprod.finetuning.joint_stage",
    "smartprod.fusion.stage",
    "smartprod.resampling.stage",
    "smartprod.classifiers.stage",
    "smartprod.classifiers.label_stage",
    "smartprod.decision.stage",
    "smartprod.decision.label_stage",
    "smartprod.quality.stage",
    "smartprod.explanation.stage",
    "smartprod.explanation.label_stage",
    "smartprod.evaluation.stage",
    "smartprod.evaluation.label_stage",
    "smartprod.model.stage",
    "smartprod.model.label_stage",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A registered stage.

    Attributes:
        name: The name that pipelines list, such as `clean`.
        function: `function(context, **inputs) -> {artefact name: value}`.
        reads: Names of the artefacts it takes, in the order of its parameters.
        streams: Those of them that it takes as a `TableFile`, to read in pieces.
        writes: Names of the artefacts it returns.
        config: The sections or keys of the configuration it depends on (`clean`, `extract.image`).
        libraries: Distributions whose version matters for its results.
        packages: Packages whose source matters for its results; its own one comes first.
        identity: Extra text for its fingerprint, such as the identity of the files it reads from outside.
        check: Refuses configurations that ask for what the stage does not do, before anything is computed.
        doc: One line for people.
    """

    name: str
    function: Callable[..., Mapping[str, object]]
    reads: tuple[str, ...]
    streams: tuple[str, ...]
    writes: tuple[str, ...]
    config: tuple[str, ...]
    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    identity: Callable[[Config, RunFolder], str] | None
    check: Callable[[Config], None] | None
    doc: str


_stages: dict[str, Stage] = {}


def stage(  # noqa: PLR0913  (all but one by keyword, each a declaration)
    name: str,
    *,
    reads: Sequence[str] = (),
    streams: Sequence[str] = (),
    writes: Sequence[str] = (),
    config: Sequence[str] = (),
    libraries: Sequence[str] = (),
    packages: Sequence[str] = (),
    identity: Callable[[Config, RunFolder], str] | None = None,
    check: Callable[[Config], None] | None = None,
    doc: str = "",
) -> Callable[[StageFunction], StageFunction]:
    """Register a function as a stage; the function itself stays as it is.

    The function takes the `StageContext` and one keyword argument per name in `reads`, and returns a mapping
    with exactly the names in `writes`. Its module has to be light to import: heavy libraries belong inside
    the function.

    Args:
        name: The name that pipelines list.
        reads: Artefacts passed in.
        streams: Tables among them that are never held whole: passed in as a `TableFile`.
        writes: Artefacts returned.
        config: Sections or dotted keys of the configuration that change its results.
        libraries: Distributions whose version changes its results, such as `torch`.
        packages: Further packages whose source changes its results, such as `smartprod.encoders`.
        identity: Extra fingerprint text from the configuration and run folder; it must be cheap, and must not
            depend on anything that the stage itself writes.
        check: Raises a UsageError where the configuration asks for what the stage does not do; called before the
            first stage of a run.
        doc: One line for people; the function's first docstring line by default.

    Raises:
        PipelineError: The name is taken, the parameters do not match `reads`, or what is to be streamed is no table
            among them.
    """

    def register(function: StageFunction) -> StageFunction:
        parameters = tuple(inspect.signature(function).parameters)
        if parameters[1:] != tuple(reads):
            raise PipelineError(
                "SP926",
                f"stage `{name}` reads {list(reads)} but its function takes {list(parameters[1:])}",
                where=f"{function.__module__}.{function.__qualname__}",
                fix="name the parameters after `context` like the artefacts, in the same order",
            )
        for artefact in (*reads, *writes):
            get_artefact(artefact)
        _check_streams(name, streams, reads)
        known = _stages.get(name)
        if known is not None and _origin(known.function) != _origin(function):
            raise PipelineError(
                "SP927",
                f"two stages are called `{name}`: {_origin(known.function)} and {_origin(function)}",
                fix="rename one of them",
            )
        line = doc or (inspect.getdoc(function) or "").partition("\n")[0]
        _stages[name] = Stage(
            name=name,
            function=function,
            reads=tuple(reads),
            streams=tuple(streams),
            writes=tuple(writes),
            config=tuple(config),
            libraries=tuple(libraries),
            packages=(_package_of(function), *packages),
            identity=identity,
            check=check,
            doc=line,
        )
        return function

    return register


def load_stages() -> dict[str, Stage]:
    """Import the built-in stage modules and the entry points; return all stages by name.

    Raises:
        PipelineError: A module of an entry point cannot be imported.
    """
    for module in STAGE_MODULES:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            point.load()
        except Exception as error:  # a foreign package may fail in any way
            raise PipelineError(
                "SP928",
                f"the stage `{point.name}` of an installed package cannot be imported: {type(error).__name__}: {error}",
                where=f"entry point {point.value} in group {ENTRY_POINT_GROUP}",
                fix="mend or uninstall that package",
            ) from error
    return dict(_stages)


def _check_streams(name: str, streams: Sequence[str], reads: Sequence[str]) -> None:
    for artefact in streams:
        if artefact not in reads or get_artefact(artefact).kind is not ArtefactKind.PARQUET:
            raise PipelineError(
                "SP945",
                f"stage `{name}` streams `{artefact}`, which is no table that it reads",
                fix="list in `streams` only tables that `reads` lists",
            )


def _origin(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _package_of(function: Callable[..., object]) -> str:
    """The package that holds the function's module; the module itself where it stands in none."""
    package = function.__module__.rpartition(".")[0]
    is_regular = getattr(sys.modules.get(package), "__file__", None) is not None
    return package if is_regular else function.__module__
