"""`score_table`: score a product table with a trained model, part by part, and go on where an earlier call ended."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog import LABEL_ROLES, count_records, stream_products, table_fingerprint
from smartprod.engines import PartPlan, hold_folder, run_parts
from smartprod.errors import InterruptedRunError, JobError, TooManyBadRowsError
from smartprod.model import load_model
from smartprod.pipeline import RunConsole
from smartprod.scoring.assembly import assemble
from smartprod.scoring.part import ScoringJob
from smartprod.scoring.request import ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.config import Config
    from smartprod.model import SavedModel
    from smartprod.scoring.summary import ScoreSummary


@dataclass(frozen=True, slots=True)
class ScoreOutcome:
    """What a call of `score_table` did.

    Attributes:
        out: The file with the answers.
        summary: Counts over all its rows.
        rows_scored: Rows that this call scored; the others were there already.
        seconds: Wall-clock time.
    """

    out: Path
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
        table: The product table, in any format that is read.
        model: A model folder.
        out: Where the answers go; see `smartprod.model.answered_schema`.
        mode: `fused`, `image-then-text` or `cheapest-first`; None: the model's own.
        output_format: `parquet` or `csv`; None: by the name of `out`.
        fresh: Score every part again.
        image_root: Folder that image paths start from; None: the table's.
        store: Folder of an embedding store to look embeddings up in and keep them; None keeps none.
        overrides: `key=value` settings for reading the table, such as `catalog.columns.title=name`.
        console: Where lines and progress go; None: nowhere.

    Raises:
        UsageError: The request does not fit the model or the table.
        ModelError: The model folder is missing, damaged or altered.
        JobError: Parts of another job lie in the way (SP801), the table changes under the job (SP802, SP808), parts are
            damaged (SP803), or another process is at work (SP809).
        InterruptedRunError: (SP810) The user pressed Ctrl-C; its notes give the command that goes on.
        TooManyBadRowsError: (SP811) More rows than `score.max_bad_fraction` have no usable input; the output is written.
    """
    started = time.monotonic()
    console = console or RunConsole(quiet=True)
    request = ScoreRequest(
        Path(table), Path(model), Path(out), mode, output_format,
        None if image_root is None else Path(image_root),
        None if store is None else Path(store),
        tuple(overrides),
    )  # fmt: skip
    chosen_format = request.check_output()
    saved = load_model(request.model)
    config = request.config(saved)
    chosen_mode = saved.decider_for(mode).settings.mode
    table_before = table_fingerprint(config.catalog)
    plan = _plan(saved, config, mode=chosen_mode, table=table_before)
    job = ScoringJob(
        str(request.model),
        chosen_mode,
        config,
        str(request.parts_folder),
        str(request.store) if request.store else None,
    )
    with hold_folder(request.parts_folder, fresh=fresh):
        plan.agree(request.parts_folder)
        _announce(console, request, plan, mode=chosen_mode)
        rows_scored = _score_pending(request, job, plan, console)
        if table_fingerprint(config.catalog) != table_before:
            raise JobError(
                "SP808",
                "the table changed while it was scored",
                where=str(request.table),
                fix="score a table that nobody writes to; add --fresh",
            )
        summary = assemble(
            plan, request.parts_folder, request.out, output_format=chosen_format, top_k=config.score.top_k
        )
    shutil.rmtree(request.parts_folder, ignore_errors=True)
    outcome = ScoreOutcome(request.out, summary, rows_scored, time.monotonic() - started)
    for line in summary.lines():
        console.line(line)
    console.result(_last_line(outcome))
    _check_usable(outcome, config.score.max_bad_fraction)
    return outcome


def _plan(model: SavedModel, config: Config, *, mode: str, table: str) -> PartPlan:
    stream_products(config.catalog, optional=LABEL_ROLES)  # refuses wrong columns before anything is counted
    settings = config.model_dump_json(include={"extract": True, "score": {"top_k"}})
    return PartPlan(
        job="scoring",
        rows=count_records(config.catalog),
        part_rows=config.score.part_rows,
        depends_on={
            "the table (or how it is read)": table,
            "the model": model.identity,
            "the mode": mode,
            "other settings": hashlib.sha256(settings.encode()).hexdigest(),
        },
    )


def _announce(console: RunConsole, request: ScoreRequest, plan: PartPlan, *, mode: str) -> None:
    console.heading("score", f"{request.table}: {plan.rows:,} rows, model {request.model}, mode {mode}")
    done = len(plan.parts) - len(plan.pending(request.parts_folder))
    if done:
        console.line(
            f"going on: {done:,} of {len(plan.parts):,} parts are there already (--fresh scores them again)"
        )


def _score_pending(request: ScoreRequest, job: ScoringJob, plan: PartPlan, console: RunConsole) -> int:
    """Score the parts that are not there yet; returns how many rows they have."""
    pending = plan.pending(request.parts_folder)
    if not pending:
        return 0
    rows = sum(part.rows for part in pending)
    try:
        with console.progress(rows, "scoring") as meter:
            run_parts(job, pending, config=job.config, advance=lambda done, bad: meter.advance(done, bad=bad))
    except KeyboardInterrupt as interrupt:
        left = len(plan.pending(request.parts_folder))
        stopped = InterruptedRunError(
            "SP810", f"interrupted; {len(plan.parts) - left:,} of {len(plan.parts):,} parts are kept"
        )
        stopped.add_note(f"go on with: {request.command_line()}")
        raise stopped from interrupt
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
