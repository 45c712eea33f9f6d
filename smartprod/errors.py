"""Errors that say what happened, where, and what to do, each under a stable code.

Codes by room: SP1xx configuration and usage, SP2xx catalog, SP3xx cleaning, SP4xx encoders and embeddings,
SP5xx fusion, resampling and classifiers, SP6xx decision and evaluation, SP7xx model folder, SP8xx scoring and jobs of parts,
SP9xx pipeline and demo. A code names one situation and is never reused for another.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit status of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TOO_MANY_BAD_ROWS = 3
    INTERRUPTED = 130  # as shells do: 128 + SIGINT


class SmartprodError(Exception):
    """Anything that stops a command, told so that a person can go on.

    Args:
        code: Stable code such as `SP201`, searchable in the documentation.
        what: What happened, in one sentence.
        where: File, row, column or config key it happened at.
        fix: What to do about it.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, code: str, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.code = code
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"[{self.code}] {self.what}"]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.fix:
            parts.append(f"  do:    {self.fix}")
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.code, self.what, self.where, self.fix)


def _rebuild(
    kind: type[SmartprodError], code: str, what: str, where: str | None, fix: str | None
) -> SmartprodError:
    return kind(code, what, where=where, fix=fix)


class UsageError(SmartprodError):
    """Wrong command line or configuration (exit code 2)."""

    exit_code = ExitCode.USAGE


class CatalogError(SmartprodError):
    """A product table that cannot be read as one."""


class EncoderError(SmartprodError):
    """An encoder that cannot be found, verified or loaded."""


class TrainingError(SmartprodError):
    """Training data or settings from which nothing can be learned."""


class ModelError(SmartprodError):
    """A model folder that is damaged, altered or of another version."""


class JobError(SmartprodError):
    """A job of parts (scoring, extraction) that cannot start or go on."""


class JobConflictError(JobError):
    """Another job or another input is in the way: the same command would end in the same way again."""


class DiskError(SmartprodError):
    """A disk that is full, read-only, closed to the user or failing, or a file that has gone."""


class PipelineError(SmartprodError):
    """A stage that failed or misses its inputs."""


class InterruptedRunError(PipelineError):
    """A run that the user stopped with Ctrl-C (exit code 130)."""

    exit_code = ExitCode.INTERRUPTED


class TooManyBadRowsError(SmartprodError):
    """More bad rows than `max_bad_fraction` allows (exit code 3)."""

    exit_code = ExitCode.TOO_MANY_BAD_ROWS
