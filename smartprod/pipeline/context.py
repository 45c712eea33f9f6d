"""What a stage is given besides its inputs: the configuration, and ways to report and to write folders and tables."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import PipelineError
from smartprod.pipeline.artefacts import ArtefactKind, get_artefact
from smartprod.pipeline.codecs import temporary_name
from smartprod.pipeline.console import ProgressMeter, RunConsole
from smartprod.pipeline.manifest import Metric
from smartprod.pipeline.run_folder import RunFolder
from smartprod.pipeline.tables import TableWriter
from smartprod.pipeline.threads import cpu_count

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config


@dataclass(slots=True)
class StageContext:
    """The surroundings of one stage in one run.

    In a test, `StageContext(config, stage="clean", run=RunFolder(tmp_path))` is all it takes.

    Attributes:
        config: The whole configuration.
        stage: Name of the stage.
        run: The run folder.
        depends_on: Fingerprint of each thing that the results depend on, by a name for people (see `Fingerprint`).
        console: Where lines and progress go; quiet by default.
        metrics: Figures given so far.
        lines: Account lines said so far.
        rows_in: Rows that came in.
        rows_out: Rows that went out.
    """

    config: Config
    stage: str
    run: RunFolder
    depends_on: Mapping[str, str] = field(default_factory=dict)
    console: RunConsole = field(default_factory=lambda: RunConsole(quiet=True))
    metrics: dict[str, Metric] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    rows_in: int | None = None
    rows_out: int | None = None

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.config.run.seed

    @property
    def threads(self) -> int:
        """Threads that the stage may use in all."""
        return self.config.run.threads or cpu_count()

    @property
    def parts_folder(self) -> Path:
        """Where finished parts of the work may be kept: a later run finds them, and finishing or `--fresh` removes them."""
        return self.run.parts_path(self.stage)

    def folder(self, artefact: str) -> Path:
        """An empty folder to fill; return its path as the artefact's value.

        It becomes the artefact only when the stage succeeds, so a failed stage leaves the earlier one alone.

        Raises:
            PipelineError: The artefact is no folder.
        """
        kind = get_artefact(artefact).kind
        if kind is not ArtefactKind.FOLDER:
            raise PipelineError(
                "SP932", f"artefact `{artefact}` is {kind.value}, no folder", fix="return its value"
            )
        path = self.run.artefact_path(artefact)
        temporary = temporary_name(path)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        return temporary

    def table_writer(self, artefact: str, schema: pa.Schema) -> TableWriter:
        """Write a table batch by batch; return `writer.table` as the artefact's value.

        It becomes the artefact only when the stage succeeds: `with context.table_writer("products", schema) as writer`.

        Raises:
            PipelineError: The artefact is no table.
        """
        kind = get_artefact(artefact).kind
        if kind is not ArtefactKind.PARQUET:
            raise PipelineError(
                "SP946", f"artefact `{artefact}` is {kind.value}, no table", fix="return its value"
            )
        path = self.run.artefact_path(artefact)
        path.parent.mkdir(parents=True, exist_ok=True)
        return TableWriter(temporary_name(path), schema)

    def metric(self, name: str, value: Metric) -> None:
        """Keep a figure in the manifest."""
        self.metrics[name] = value

    def rows(self, rows_in: int, rows_out: int) -> None:
        """Keep the number of rows that came in and went out."""
        self.rows_in, self.rows_out = rows_in, rows_out

    def say(self, line: str) -> None:
        """Print an account line under the stage's heading, and keep it in the manifest."""
        self.lines.append(line)
        self.console.line(line)

    def progress(
        self, total: int | None, description: str, *, unit: str = "rows"
    ) -> AbstractContextManager[ProgressMeter]:
        """Show progress with rate, time left and bad rows: `with context.progress(n, "images") as meter`.

        Call `meter.advance(steps, bad=...)` in the loop.
        """
        return self.console.progress(total, description, unit=unit)
