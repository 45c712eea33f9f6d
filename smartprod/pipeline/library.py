"""Pipelines: the shipped YAML files that list stages, and files of the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.config import load_yaml, shipped_folder
from smartprod.errors import UsageError
from smartprod.pipeline.registry import Stage

if TYPE_CHECKING:
    from smartprod.config import Config


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A list of stages to run.

    Attributes:
        name: Its name, or the path as the user gave it.
        description: One line for people.
        stages: Names of its stages.
    """

    name: str
    description: str
    stages: tuple[str, ...]


def load_pipeline(name: str) -> Pipeline:
    """Load a shipped pipeline by name, or one from a YAML file.

    Raises:
        UsageError: There is no such pipeline, or its file does not have the right form.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return _read_pipeline(Path(name), name)
    known = {pipeline.name: pipeline for pipeline in list_pipelines()}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        "SP120",
        f"there is no pipeline `{name}`" + (f"; did you mean `{close[0]}`?" if close else ""),
        fix=f"choose one of {', '.join(known)}, or give the path of a YAML file with `stages:`",
    )


def find_pipeline(name: str, config: Config) -> Pipeline:
    """Load the pipeline that a command names; `all` is the one that the configuration says (`run.pipeline`).

    Raises:
        UsageError: There is no such pipeline (SP120), or its file does not have the right form (SP124).
    """
    return load_pipeline(config.run.pipeline if name == "all" else name)


def list_pipelines() -> tuple[Pipeline, ...]:
    """The shipped pipelines, by name."""
    return tuple(
        _read_pipeline(path, path.stem) for path in sorted(shipped_folder("pipelines").glob("*.yaml"))
    )


def order_stages(pipeline: Pipeline, stages: Mapping[str, Stage]) -> tuple[Stage, ...]:
    """The pipeline's stages, each after those whose artefacts it reads; otherwise in the order listed.

    Raises:
        UsageError: A stage is unknown, listed twice, or writes what another one of them writes; or they form a circle.
    """
    _check_names(pipeline, stages)
    remaining = [stages[name] for name in pipeline.stages]
    _check_writers(pipeline, remaining)
    ordered: list[Stage] = []
    while remaining:
        pending = {name for stage in remaining for name in stage.writes}
        ready = next((stage for stage in remaining if not pending & set(stage.reads)), None)
        if ready is None:
            raise UsageError(
                "SP123",
                f"the stages {', '.join(stage.name for stage in remaining)} read each other's artefacts in a circle",
                where=f"pipeline {pipeline.name}",
                fix="break the circle: no stage may read what depends on its own output",
            )
        ordered.append(ready)
        remaining.remove(ready)
    return tuple(ordered)


def _check_names(pipeline: Pipeline, stages: Mapping[str, Stage]) -> None:
    for name in pipeline.stages:
        if name not in stages:
            close = difflib.get_close_matches(name, stages, n=1)
            raise UsageError(
                "SP121",
                f"there is no stage `{name}`" + (f"; did you mean `{close[0]}`?" if close else ""),
                where=f"pipeline {pipeline.name}",
                fix=f"known stages: {', '.join(sorted(stages))}",
            )


def _check_writers(pipeline: Pipeline, stages: list[Stage]) -> None:
    writers: dict[str, str] = {}
    for stage in stages:
        for name in stage.writes:
            if name in writers:
                raise UsageError(
                    "SP122",
                    f"artefact `{name}` is written by `{writers[name]}` and by `{stage.name}`",
                    where=f"pipeline {pipeline.name}",
                    fix="list each stage once, and only one of several that write the same artefact",
                )
            writers[name] = stage.name


def _read_pipeline(path: Path, name: str) -> Pipeline:
    content: Any = load_yaml(path).value
    stages: Any = content.get("stages") if isinstance(content, dict) else None
    valid = isinstance(stages, list) and stages and all(isinstance(stage, str) for stage in stages)
    if not valid or set(content) - {"description", "stages"}:
        raise UsageError(
            "SP124",
            "a pipeline file has a `description:` and a list `stages:` of stage names, and nothing else",
            where=str(path),
            fix="see pipelines/all.yaml",
        )
    return Pipeline(name, str(content.get("description") or ""), tuple(stages))


def pipeline_for_stage(stage: str) -> Pipeline | None:
    """The shortest shipped pipeline that runs a stage."""
    fitting = [pipeline for pipeline in list_pipelines() if stage in pipeline.stages]
    return min(fitting, key=lambda pipeline: len(pipeline.stages), default=None)
