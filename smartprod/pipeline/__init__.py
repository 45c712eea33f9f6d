"""The pipeline engine: stages, artefacts, run folders, and the runner that resumes.

A stage module needs `stage` and `StageContext`; see docs/architecture.md.
"""

from __future__ import annotations

from smartprod.pipeline.artefacts import (
    Artefact,
    ArtefactKind,
    get_artefact,
    list_artefacts,
    register_artefact,
)
from smartprod.pipeline.codecs import Arrays, FileRecord, hash_file, write_artefact, write_atomically
from smartprod.pipeline.console import ProgressMeter, RunConsole, SilentConsole
from smartprod.pipeline.context import StageContext
from smartprod.pipeline.disk import disk_error
from smartprod.pipeline.fingerprint import hash_package
from smartprod.pipeline.library import Pipeline, find_pipeline, list_pipelines, load_pipeline, order_stages
from smartprod.pipeline.manifest import Manifest
from smartprod.pipeline.registry import Stage, load_stages, stage
from smartprod.pipeline.run_folder import RunFolder
from smartprod.pipeline.runner import RunOutcome, command_line, run_pipeline
from smartprod.pipeline.sharing import share_stages
from smartprod.pipeline.tables import TableFile, TableReader, TableWriter
from smartprod.pipeline.threads import cpu_count, limit_threads

__all__ = [
    "Arrays",
    "Artefact",
    "ArtefactKind",
    "FileRecord",
    "Manifest",
    "Pipeline",
    "ProgressMeter",
    "RunConsole",
    "RunFolder",
    "RunOutcome",
    "SilentConsole",
    "Stage",
    "StageContext",
    "TableFile",
    "TableReader",
    "TableWriter",
    "command_line",
    "cpu_count",
    "disk_error",
    "find_pipeline",
    "get_artefact",
    "hash_file",
    "hash_package",
    "limit_threads",
    "list_artefacts",
    "list_pipelines",
    "load_pipeline",
    "load_stages",
    "order_stages",
    "register_artefact",
    "run_pipeline",
    "share_stages",
    "stage",
    "write_artefact",
    "write_atomically",
]
