"""The run folder: where every artefact, manifest and the effective configuration of a run lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import PipelineError
from smartprod.pipeline.artefacts import get_artefact
from smartprod.pipeline.codecs import read_artefact
from smartprod.pipeline.manifest import Manifest, read_manifest
from smartprod.pipeline.tables import TableFile

if TYPE_CHECKING:
    from smartprod.config import Config


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run, `runs/<name>`.

    Attributes:
        root: Its path.
    """

    root: Path

    @classmethod
    def of(cls, config: Config) -> RunFolder:
        """The run folder that a configuration names."""
        return cls(Path(config.run.folder) / config.run.name)

    @property
    def config_path(self) -> Path:
        """Where the effective configuration of the last run is kept."""
        return self.root / "config.yaml"

    def artefact_path(self, name: str) -> Path:
        """Where an artefact lies, whether or not it exists."""
        return self.root / get_artefact(name).path

    def manifest_path(self, stage: str) -> Path:
        """Where a stage's manifest lies, whether or not it exists."""
        return self.root / stage / "manifest.json"

    def manifest(self, stage: str) -> Manifest | None:
        """A stage's manifest, None if it has not finished here."""
        return read_manifest(self.manifest_path(stage))

    def parts_path(self, stage: str) -> Path:
        """Where a stage keeps finished parts of its work until it is done, whether or not there are any."""
        return self.root / stage / "parts"

    def read(self, name: str) -> object:
        """Read an artefact.

        Raises:
            PipelineError: (SP931) It does not exist.
        """
        return read_artefact(get_artefact(name), self._existing(name))

    def open(self, name: str) -> TableFile:
        """Give a table as a file to be read in pieces.

        Raises:
            PipelineError: (SP931) It does not exist.
        """
        return TableFile(self._existing(name))

    def _existing(self, name: str) -> Path:
        path = self.artefact_path(name)
        if not path.exists():
            raise PipelineError(
                "SP931",
                f"artefact `{name}` is missing",
                where=str(path),
                fix="run the pipeline that makes it",
            )
        return path
