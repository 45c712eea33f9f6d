"""Run a pipeline: every stage in order, skipping those whose results are up to date."""

from __future__ import annotations

import contextlib
import datetime
import platform
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod._version import __version__
from smartprod.config import config_lines
from smartprod.errors import InterruptedRunError, PipelineError, SmartprodError
from smartprod.pipeline.artefacts import get_artefact
from smartprod.pipeline.codecs import (
    is_whole,
    record_file,
    remove_leftovers,
    write_artefact,
    write_text_atomically,
)
from smartprod.pipeline.context import StageContext
from smartprod.pipeline.disk import disk_error
from smartprod.pipeline.fingerprint import Fingerprint, fingerprint_stage, library_version
from smartprod.pipeline.library import Pipeline, order_stages, pipeline_for_stage
from smartprod.pipeline.lock import lock_folder
from smartprod.pipeline.manifest import Manifest, write_manifest
from smartprod.pipeline.memory import peak_memory_mib, release_memory, reset_peak_memory
from smartprod.pipeline.registry import Stage, load_stages
from smartprod.pipeline.run_folder import RunFolder
from smartprod.pipeline.threads import limit_threads
from smartprod.pipeline.writers import Writers

if TYPE_CHECKING:
    from smartprod.config import LoadedConfig
    from smartprod.pipeline.console import RunConsole


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did.

    Attributes:
        run: The run folder.
        computed: Names of the stages that ran.
        skipped: Names of the stages that were up to date.
        seconds: Wall-clock time.
    """

    run: RunFolder
    computed: tuple[str, ...]
    skipped: tuple[str, ...]
    seconds: float


def run_pipeline(
    pipeline: Pipeline, loaded: LoadedConfig, *, console: RunConsole, fresh: bool = False
) -> RunOutcome:
    """Run a pipeline's stages in the run folder that the configuration names.

    Args:
        pipeline: What to run.
        loaded: The configuration, and where it came from.
        console: Where headings, lines and progress go.
        fresh: Compute every stage, up to date or not.

    Raises:
        UsageError: A stage does not do what the configuration asks for.
        PipelineError: An input that another pipeline makes is missing or out of date, or a stage failed; the
            error's notes give the command that goes on.
        DiskError: The run folder or a file cannot be read or written, with the same notes.
        SmartprodError: A stage failed with an error of its own, with the same notes.
        InterruptedRunError: The user pressed Ctrl-C during a stage, with the same notes.
    """
    started = time.monotonic()
    limit_threads(loaded.config.run.threads)  # before a stage module loads numpy
    stages = load_stages()
    ordered = order_stages(pipeline, stages)
    for stage in ordered:
        if stage.check is not None:
            stage.check(loaded.config)
    run = RunFolder.of(loaded.config)
    with _disk_told(run, f"go on with: {command_line(pipeline.name, loaded)}"), lock_folder(run.root):
        text = "\n".join(config_lines(loaded)) + "\n"
        remove_leftovers(run.config_path)
        write_text_atomically(run.config_path, text)
        work = _Work(pipeline, loaded, run, console, Writers(ordered, stages.values(), run))
        for stage in ordered:
            work.do(stage, fresh=fresh)
    outcome = RunOutcome(run, tuple(work.computed), tuple(work.skipped), time.monotonic() - started)
    console.result(_summary(outcome))
    return outcome


def command_line(pipeline: str, loaded: LoadedConfig) -> str:
    """The command that runs a pipeline with this configuration, ready to paste into a shell."""
    return " ".join(["smartprod run", pipeline, *loaded.arguments()])


@contextlib.contextmanager
def _disk_told(run: RunFolder, note: str) -> Iterator[None]:
    """Tell a disk that fails outside of a stage."""
    try:
        yield
    except OSError as error:
        failure = disk_error(error, where=run.root)
        if failure is None:
            raise
        failure.add_note(note)
        raise failure from error


class _Work:
    """The state of one run of one pipeline."""

    def __init__(
        self,
        pipeline: Pipeline,
        loaded: LoadedConfig,
        run: RunFolder,
        console: RunConsole,
        writers: Writers,
    ) -> None:
        self.pipeline = pipeline
        self.loaded = loaded
        self.run = run
        self.console = console
        self.writers = writers
        self.computed: list[str] = []
        self.skipped: list[str] = []
        self._fingerprints: dict[str, Fingerprint] = {}

    def do(self, stage: Stage, *, fresh: bool) -> None:
        """Run one stage, or skip it if it is up to date."""
        for name in stage.reads:
            producer = self.writers.of(name, reader=stage)
            if producer.name not in self.pipeline.stages:
                self._require(stage, name, producer)
        with self._telling(stage):
            fingerprint = self._fingerprint(stage)
            reason = "asked to compute afresh" if fresh else self._reason_to_run(stage, fingerprint)
            if reason is None:
                self.console.note(f"{stage.name}  up to date")
                self.skipped.append(stage.name)
                return
            self.console.heading(stage.name, stage.doc)
            if reason:
                self.console.note(f"  {reason}")
            if fresh:
                shutil.rmtree(self.run.parts_path(stage.name), ignore_errors=True)
            self._compute(stage, fingerprint)
        self.computed.append(stage.name)

    @contextlib.contextmanager
    def _telling(self, stage: Stage) -> Iterator[None]:
        """Tell whatever ends a stage with the command that goes on, and leave no half-written file."""
        try:
            yield
        except SmartprodError as error:
            error.add_note(self._how_to_go_on(stage))
            raise
        except KeyboardInterrupt as interrupt:
            stop = InterruptedRunError("SP938", "interrupted")
            stop.add_note(self._how_to_go_on(stage))
            raise stop from interrupt
        except Exception as error:
            failure = disk_error(error, where=self.run.root) or PipelineError(
                "SP934",
                f"stage `{stage.name}` failed: {type(error).__name__}: {error}",
                where=_place_of(error),
                fix="this is a defect or a full memory, not your configuration; --debug shows the traceback",
            )
            failure.add_note(self._how_to_go_on(stage))
            raise failure from error
        finally:
            with contextlib.suppress(OSError):  # on a disk that fails; the next run removes them
                for name in stage.writes:
                    remove_leftovers(self.run.artefact_path(name))

    def _compute(self, stage: Stage, fingerprint: Fingerprint) -> None:
        context = StageContext(
            self.loaded.config,
            stage=stage.name,
            run=self.run,
            depends_on=fingerprint.parts,
            console=self.console,
        )
        # From here to the new manifest the stage counts as not done, whatever happens.
        for name in {stage.name, *self.writers.sharing_with(stage)}:
            self.run.manifest_path(name).unlink(missing_ok=True)
        remove_leftovers(self.run.manifest_path(stage.name))
        for name in stage.writes:
            remove_leftovers(self.run.artefact_path(name))
        release_memory()
        reset_peak_memory()
        started = time.monotonic()
        values = stage.function(context, **self._inputs(stage))
        _check_returned(stage, values)
        for name in stage.writes:
            write_artefact(get_artefact(name), values[name], self.run.artefact_path(name))
        del values
        seconds = time.monotonic() - started
        manifest = Manifest(
            stage=stage.name,
            fingerprint=fingerprint.digest,
            parts=fingerprint.parts,
            writes={name: record_file(self.run.artefact_path(name), self.run.root) for name in stage.writes},
            seconds=round(seconds, 3),
            seed=context.seed,
            smartprod=__version__,
            python=platform.python_version(),
            finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            rows_in=context.rows_in,
            rows_out=context.rows_out,
            peak_memory_mib=peak_memory_mib(),
            metrics=context.metrics,
            lines=tuple(context.lines),
            libraries={name: library_version(name) for name in stage.libraries},
        )
        write_manifest(manifest, self.run.manifest_path(stage.name))
        shutil.rmtree(self.run.parts_path(stage.name), ignore_errors=True)
        peak = (
            "" if manifest.peak_memory_mib is None else f", peak memory {manifest.peak_memory_mib:,.0f} MiB"
        )
        self.console.note(f"  {seconds:,.1f} s{peak}")

    def _inputs(self, stage: Stage) -> dict[str, object]:
        """Read the artefacts of a stage; those that it streams are opened only."""
        streamed = {name: self.run.open(name) for name in stage.streams}
        return streamed | {name: self.run.read(name) for name in stage.reads if name not in streamed}

    def _fingerprint(self, stage: Stage) -> Fingerprint:
        if stage.name not in self._fingerprints:
            inputs = {
                name: self._fingerprint(self.writers.of(name, reader=stage)).digest for name in stage.reads
            }
            self._fingerprints[stage.name] = fingerprint_stage(
                stage, config=self.loaded.config, run=self.run, inputs=inputs
            )
        return self._fingerprints[stage.name]

    def _reason_to_run(self, stage: Stage, fingerprint: Fingerprint) -> str | None:
        """Why a stage has to run: None if it is up to date, empty if it has not run yet."""
        manifest = self.run.manifest(stage.name)
        if manifest is None:
            return ""
        if manifest.fingerprint != fingerprint.digest:
            return "runs again, changed: " + _shorten(fingerprint.changes_since(manifest.parts))
        for name in stage.writes:
            record = manifest.writes.get(name)
            if record is None or not is_whole(record, self.run.root):
                return f"runs again: {get_artefact(name).path} is missing or was altered"
        return None

    def _require(self, stage: Stage, name: str, producer: Stage) -> None:
        """Refuse to run on an input from outside the pipeline that is missing or out of date."""
        reason = self._reason_to_run(producer, self._fingerprint(producer))
        if reason is None:
            return
        source = pipeline_for_stage(producer.name)
        state = (
            "missing" if not reason else f"out of date ({reason.removeprefix('runs again').lstrip(':, ')})"
        )
        raise PipelineError(
            "SP936",
            f"stage `{stage.name}` needs `{name}`, which is {state}",
            where=str(self.run.artefact_path(name)),
            fix=f"run: {command_line(source.name if source else producer.name, self.loaded)}",
        )

    def _how_to_go_on(self, stage: Stage) -> str:
        done = len(self.computed) + len(self.skipped)
        kept = (
            f" ({done} finished stages are kept)"
            if done > 1
            else " (the finished stage is kept)"
            if done
            else ""
        )
        return f"stopped in stage `{stage.name}`; go on{kept} with: {command_line(self.pipeline.name, self.loaded)}"


def _check_returned(stage: Stage, values: Mapping[str, object]) -> None:
    if not isinstance(values, Mapping) or set(values) != set(stage.writes):
        got = sorted(values) if isinstance(values, Mapping) else type(values).__name__
        raise PipelineError(
            "SP937",
            f"stage `{stage.name}` has to return {sorted(stage.writes)}, but returned {got}",
            fix="mend the stage: its return value and its `writes` have to name the same artefacts",
        )


def _shorten(names: Sequence[str], limit: int = 3) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _place_of(error: BaseException) -> str | None:
    """File and line where an unexpected error arose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _summary(outcome: RunOutcome) -> str:
    total = len(outcome.computed) + len(outcome.skipped)
    if not outcome.computed:
        return f"nothing to do: all {total} stages are up to date ({outcome.run.root})"
    skipped = f", {len(outcome.skipped)} up to date" if outcome.skipped else ""
    return f"done: {len(outcome.computed)} of {total} stages computed{skipped} in {outcome.seconds:,.1f} s ({outcome.run.root})"
