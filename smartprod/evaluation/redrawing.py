"""`smartprod report` on a run folder: the report and the metrics of a finished run, written anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.pipeline import RunFolder, StageContext, get_artefact, load_stages, write_artefact

if TYPE_CHECKING:
    from smartprod.config import Config

_STAGES = {"decision": "report", "label_decision": "report-labels"}
"""The stage that writes the report, by the last artefact it needs."""

_LATER = frozenset({"explanations"})
"""What older runs lack, and the report does without."""


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A report that was written anew.

    Attributes:
        page: The HTML file.
        lines: What the stage said.
    """

    page: Path
    lines: tuple[str, ...]


def redraw_report(folder: Path) -> Redrawn:
    """Write the report of a finished run again, from its artefacts and the configuration kept in it.

    Args:
        folder: The run folder.

    Raises:
        UsageError: (SP650) There is no run there that was learned to the end.
    """
    run = RunFolder(folder)
    name = next((stage for needed, stage in _STAGES.items() if run.artefact_path(needed).exists()), None)
    if name is None or not run.config_path.is_file():
        raise UsageError(
            "SP650",
            "this is no finished run: it has no decision to report on",
            where=str(folder.absolute()),
            fix="give the folder of a run whose stage `decide` is done, such as runs/NAME",
        )
    stage = load_stages()[name]
    context = StageContext(config_of(run), stage=name, run=run)
    inputs = {
        name: run.read(name) for name in stage.reads if name not in _LATER or run.artefact_path(name).exists()
    }
    written = stage.function(context, **dict.fromkeys(_LATER & set(stage.reads)) | inputs)
    for artefact, value in written.items():
        write_artefact(get_artefact(artefact), value, run.artefact_path(artefact))
    return Redrawn(run.artefact_path("report"), tuple(context.lines))


def config_of(run: RunFolder) -> Config:
    """The configuration that a run was made with, its folder being where it lies now."""
    folder, name = run.root.absolute().parent, run.root.absolute().name
    return load_config(str(run.config_path), [f"run.folder={folder}", f"run.name={name}"]).config
