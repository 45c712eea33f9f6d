"""What `--json` prints: one object on standard output at the end, or one on standard error where a command fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from smartprod.pipeline import RunOutcome
    from smartprod.scoring import ScoreOutcome

_RESULTS = ("report", "metrics", "model")


def print_json(document: dict[str, Any], *, to_stderr: bool = False) -> None:
    """Print an object, indented, letters of all languages as they are."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False), err=to_stderr)


def run_document(outcome: RunOutcome) -> dict[str, Any]:
    """What a run did: its folder and results, and each of its stages with time, memory, rows and figures."""
    run = outcome.run
    stages = {}
    for name in sorted((*outcome.computed, *outcome.skipped)):
        manifest = run.manifest(name)
        if manifest is not None:
            stages[name] = {
                "computed": name in outcome.computed,
                "seconds": manifest.seconds,
                "peak_memory_mib": manifest.peak_memory_mib,
                "rows_in": manifest.rows_in,
                "rows_out": manifest.rows_out,
                "metrics": dict(manifest.metrics),
            }
    paths = {name: run.artefact_path(name) for name in _RESULTS}
    return {
        "run": str(run.root),
        "seconds": outcome.seconds,
        "stages": stages,
        **{name: str(path) if path.exists() else None for name, path in paths.items()},
    }


def score_document(outcome: ScoreOutcome) -> dict[str, Any]:
    """What a scoring did: where the answers are, and how many rows of each kind they have."""
    summary = outcome.summary
    return {
        "out": str(outcome.out),
        "seconds": outcome.seconds,
        "rows": summary.rows,
        "rows_scored": outcome.rows_scored,
        "without_input": summary.without_input,
        "decisions": dict(summary.decisions),
        "heads": dict(summary.heads),
        "statuses": dict(summary.statuses),
    }


def error_document(error: Exception, exit_code: int) -> dict[str, Any]:
    """An error: its code, what happened, where, and what to do."""
    return {
        "error": {
            "code": getattr(error, "code", "SP100"),
            "what": getattr(error, "what", f"{type(error).__name__}: {error}"),
            "where": getattr(error, "where", None),
            "do": getattr(error, "fix", None),
            "notes": list(getattr(error, "__notes__", ())),
        },
        "exit_code": int(exit_code),
    }
