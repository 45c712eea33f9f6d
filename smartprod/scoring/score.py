"""`score_table`: score a product table with a trained model, part by part, and go on where an earlier call ended."""

from __future__ import annotations

import hashlib
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog import LABEL_ROLES, count_records, stream_products, table_fingerprint
from smartprod.engines import PartPlan, hold_folder, run_parts
from smartprod.errors import (
    DiskError,
    InterruptedRunError,
    JobConflictError,
    SmartprodError,
    TooManyBadRowsError,
)
from smartprod.model import check_encoders, load_model
from smartprod.pipeline import RunConsole, disk_error
from smartprod.remote import redact
from smartprod.scoring.assembly import assemble
from smartprod.scoring.extracted import ExtractedRun
from smartprod.scoring.part import ScoringJob
from smartprod.scoring.request import ScoreRequest
from smartprod.scoring.upload import check_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smartprod.model import SavedModel
    from smartprod.scoring.output import Output
    from smartprod.scoring.summary import ScoreSummary


@dataclass(frozen=True, slots=True)
class ScoreOutcome:
    """What a call of `score_table` did.

    Attributes:
        out: The file or folder with the answers, or their address.
        summary: Counts over all its rows.
        rows_scored: Rows that this call scored; the others were there already.
        seconds: Wall-clock time.
    """

    out: Path | str
    summary: ScoreSummary
    rows_scored: int
    seconds: float


def score_table(  # noqa: PLR0913
    table: str | Path,
    *,
    model: str | Path,
    out: str | Path,
    mode: str | None = None,
    output_format: str | None = None,
    fresh: bool = False,
    image_root: str | Path | None = None,
    store: str | Path | None = None,
    overrides: Sequence[str] = (),
    console: RunConsole | None = None,
) -> ScoreOutcome:
    """Score a product table: one answer per row, in order, whatever is broken in it.

    Parts that an earlier call with the same table, model and settings left are kept. The output appears whole or not
    at all.

    Args:
        table: The product table, in any format that is read, or its address; or the folder of a run whose extraction is done: then its
            embeddings are looked up, and no photo is opened.
        model: A model folder.
        out: Where the answers go; see `smartprod.model.answered_schema`. A file; a folder (a name that ends with `/`), which
            becomes a Parquet data set, whole when it holds `_SUCCESS`; or an address.
        mode: `fused`, `image-then-text` or `cheapest-first`; None: the model's own.
        output_format: `parquet`, `csv` or `parquet-folder`; None: by the name of `out`.
        fresh: Score every part again.
        image_root: Folder or address that image paths start from; None: the table's.
        store: Folder of an embedding store to look embeddings up in and keep them; None keeps none, and takes a run's own.
        overrides: `key=value` settings for reading the table, such as `catalog.columns.title=name`.
        console: Where lines and progress go; None: nowhere.

    Raises:
        UsageError: The request does not fit the model or the table.
        ModelError: The model folder is missing, damaged or altered.
        JobError: Parts of another job lie in the way (SP801), the table changes under the job (SP802, SP808), parts are
            damaged (SP803), another process is at work (SP809), the folder of the images goes away (SP817), or an address
            cannot be written to (SP819).
        DiskError: The disk is full, read-only, closed to the user or failing; its notes give the command that goes on.
        InterruptedRunError: (SP810) The user pressed Ctrl-C; its notes give the command that goes on.
        TooManyBadRowsError: (SP811) More rows than `score.max_bad_fraction` have no usable input; the output is written.
    """
    started = time.monotonic()
    console = console or RunConsole(quiet=True)
    request = ScoreRequest(
        str(table), Path(model), str(out), mode, output_format,
        None if image_root is None else str(image_root),
        None if store is None else Path(store),
        tuple(overrides),
    )  # fmt: skip
    output = request.output()
    if output.is_address:
        check_address(output.given)
    saved = load_model(request.model)
    task = _task(request, output, saved)
    with _told_how_to_go_on(request, output, task.plan), hold_folder(output.parts, fresh=fresh):
        task.plan.agree(output.parts)
        _announce(console, request, output, task)
        rows_scored = _score_pending(output, task, console)
        _check_unchanged(request, task)
        summary = assemble(
            task.plan,
            output,
            top_k=task.job.config.score.top_k,
            several_labels=saved.gives_several_labels,
        )
    if output.parts != output.path:
        shutil.rmtree(output.parts, ignore_errors=True)
    outcome = ScoreOutcome(
        output.given if output.is_address else output.path, summary, rows_scored, time.monotonic() - started
    )
    for line in summary.lines():
        console.line(line)
    console.result(_last_line(outcome))
    _check_usable(outcome, task.job.config.score.max_bad_fraction)
    return outcome


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be done.

    Attributes:
        job: What workers are opened from.
        plan: Its parts.
        identify: Identifies the table as it is now.
    """

    job: ScoringJob
    plan: PartPlan
    identify: Callable[[], str]


def _task(request: ScoreRequest, output: Output, saved: SavedModel) -> _Task:
    config = request.config(saved)
    mode = saved.decider_for(request.mode).settings.mode
    run = None
    if ExtractedRun.is_run(Path(request.table)):
        run = ExtractedRun.open(Path(request.table), store=request.store)
        check_encoders(saved, run.encoders())
        identify = run.fingerprint
        table, rows = identify(), run.count()
    else:
        identify = partial(table_fingerprint, config.catalog)
        table = identify()  # first: this asks for a table at an address as it is now
        stream_products(
            config.catalog, optional=LABEL_ROLES
        )  # refuses wrong columns before anything is counted
        rows = count_records(config.catalog)
    settings = config.model_dump_json(include={"extract": True, "score": {"top_k"}})
    plan = PartPlan(
        job="scoring",
        rows=rows,
        part_rows=config.score.part_rows,
        depends_on={
            "the table (or how it is read)": table,
            "the model": saved.identity,
            "the mode": mode,
            "other settings": hashlib.sha256(settings.encode()).hexdigest(),
        },
    )
    store = None if request.store is None else str(request.store)
    job = ScoringJob(str(request.model), mode, config, str(output.parts), store, run)
    return _Task(job, plan, identify)


@contextmanager
def _told_how_to_go_on(request: ScoreRequest, output: Output, plan: PartPlan) -> Iterator[None]:
    """Tell what ends a job together with the command that goes on, and a failure of the disk as what it is."""
    note = f"go on with: {request.command_line()}"
    try:
        yield
    except KeyboardInterrupt as interrupt:
        done = len(plan.parts) - len(plan.pending(output.parts))
        stopped = InterruptedRunError("SP810", f"interrupted; {done:,} of {len(plan.parts):,} parts are kept")
        stopped.add_note(note)
        raise stopped from interrupt
    except DiskError as error:
        error.add_note(note)
        raise
    except Exception as error:
        told = disk_error(error, where=output.parts)
        if told is None:
            if isinstance(error, SmartprodError) and not isinstance(error, JobConflictError):
                error.add_note(note)
            raise
        told.add_note(note)
        raise told from error


def _check_unchanged(request: ScoreRequest, task: _Task) -> None:
    """Refuse answers for a table that is another one by now."""
    if task.identify() != task.plan.depends_on["the table (or how it is read)"]:
        raise JobConflictError(
            "SP808",
            "the table changed while it was scored",
            where=redact(request.table),
            fix="score a table that nobody writes to; add --fresh",
        )


def _announce(console: RunConsole, request: ScoreRequest, output: Output, task: _Task) -> None:
    plan = task.plan
    console.heading(
        "score", f"{redact(request.table)}: {plan.rows:,} rows, model {request.model}, mode {task.job.mode}"
    )
    done = len(plan.parts) - len(plan.pending(output.parts))
    if done:
        console.line(
            f"going on: {done:,} of {len(plan.parts):,} parts are there already (--fresh scores them again)"
        )


def _score_pending(output: Output, task: _Task, console: RunConsole) -> int:
    """Score the parts that are not there yet; returns how many rows they have."""
    pending = task.plan.pending(output.parts)
    if not pending:
        return 0
    if output.format == "parquet-folder":
        output.success.unlink(missing_ok=True)
    rows = sum(part.rows for part in pending)
    with console.progress(rows, "scoring") as meter:
        run_parts(
            task.job,
            pending,
            config=task.job.config,
            advance=lambda done, bad: meter.advance(done, bad=bad),
        )
    return rows


def _last_line(outcome: ScoreOutcome) -> str:
    rate = outcome.rows_scored / max(outcome.seconds, 1e-9)
    bad = outcome.summary.without_input
    return (
        f"scored {outcome.summary.rows:,} rows in {outcome.seconds:,.1f} s ({rate:,.1f} rows/s), "
        f"{bad:,} without usable input: {outcome.out}"
    )


def _check_usable(outcome: ScoreOutcome, allowed: float) -> None:
    summary = outcome.summary
    if summary.without_input > allowed * summary.rows:
        raise TooManyBadRowsError(
            "SP811",
            f"{summary.without_input:,} of {summary.rows:,} rows have no input that the model can use; allowed are {allowed:.1%}",
            where=f"the columns status and reason of {outcome.out}, which is written",
            fix="mend the table, its column names or --image-root; or raise score.max_bad_fraction",
        )
