"""Which stage writes each artefact, where several could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartprod.pipeline.registry import Stage
    from smartprod.pipeline.run_folder import RunFolder


class Writers:
    """Who writes each artefact: the pipeline's own stage, then one that has run here, then any other."""

    def __init__(self, ordered: Iterable[Stage], known: Iterable[Stage], run: RunFolder) -> None:
        self._stages: dict[str, list[Stage]] = {}
        finished_first = sorted(known, key=lambda stage: not run.manifest_path(stage.name).exists())
        for stage in (*ordered, *finished_first):
            for name in stage.writes:
                self._stages.setdefault(name, []).append(stage)

    def of(self, name: str, *, reader: Stage) -> Stage:
        """The stage whose artefact the reader gets."""
        if name not in self._stages:
            raise PipelineError(
                "SP935", f"stage `{reader.name}` reads `{name}`, which no stage writes", fix="mend the stage"
            )
        return self._stages[name][0]

    def sharing_with(self, stage: Stage) -> set[str]:
        """Names of the stages, this one included, that write an artefact of this stage."""
        return {writer.name for name in stage.writes for writer in self._stages[name]}
