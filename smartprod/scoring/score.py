"""`score_table`: score a product table with a trained model, part by part, and go on where an earlier call ended."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog import LABEL_ROLES, count_records, stream_products, table_fingerprint
from smartprod.errors import InterruptedRunError, ScoringError, TooManyBadRowsError
from smartprod.model import load_model
from smartprod.pipeline import RunConsole
from smartprod.scoring.assembly import assemble
from smartprod.scoring.interrupt import stop_on_request
from smartprod.scoring.part import PartScorer, ScoringJob
from smartprod.scoring.plan import ScoringPlan, agree_on_plan
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
        ScoringError: Parts of another job lie in the way (SP801), the table changes under the job (SP802, SP808), parts are
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
    plan = _plan(request, saved, config, chosen_format)
    with _own_parts(request.parts_folder, fresh=fresh):
        agree_on_plan(plan, request.parts_folder)
        _announce(console, request, plan)
        rows_scored = _score_pending(request, config, plan, console)
        if table_fingerprint(config.catalog) != plan.table:
            raise ScoringError(
                "SP808",
                "the table changed while it was scored",
                where=str(request.table),
                fix="score a table that nobody writes to; add --fresh",
            )
        summary = assemble(plan, request.parts_folder, request.out, top_k=config.score.top_k)
    shutil.rmtree(request.parts_folder, ignore_errors=True)
    outcome = ScoreOutcome(request.out, summary, rows_scored, time.monotonic() - started)
    for line in summary.lines():
        console.line(line)
    console.result(_last_line(outcome))
    _check_usable(outcome, config.score.max_bad_fraction)
    return outcome


def _plan(request: ScoreRequest, model: SavedModel, config: Config, chosen_format: str) -> ScoringPlan:
    mode = model.decider_for(request.mode).settings.mode
    stream_products(config.catalog, optional=LABEL_ROLES)  # refuses wrong columns before anything is counted
    settings = config.model_dump_json(include={"extract": True, "score": {"top_k"}})
    return ScoringPlan(
        table=table_fingerprint(config.catalog),
        rows=count_records(config.catalog),
        part_rows=config.score.part_rows,
        model=model.identity,
        mode=mode,
        format=chosen_format,
        settings=hashlib.sha256(settings.encode()).hexdigest(),
    )


@contextmanager
def _own_parts(folder: Path, *, fresh: bool) -> Iterator[None]:
    """Hold the folder of the parts; the lock falls with the process that holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise ScoringError(
            "SP809",
            "another process is scoring into this file",
            where=str(folder),
            fix="wait for it or stop it, or choose another --out",
        ) from error
    except OSError as error:
        raise ScoringError(
            "SP812",
            f"the answers cannot be written here: {error.strerror or error}",
            where=str(folder),
            fix="name a folder that you may write to",
        ) from error
    try:
        for path in folder.iterdir() if fresh else ():
            if path.name != ".lock":
                path.unlink()
        yield
    finally:
        lock.release()


def _announce(console: RunConsole, request: ScoreRequest, plan: ScoringPlan) -> None:
    console.heading("score", f"{request.table}: {plan.rows:,} rows, model {request.model}, mode {plan.mode}")
    done = len(plan.parts) - len(plan.pending(request.parts_folder))
    if done:
        console.line(
            f"going on: {done:,} of {len(plan.parts):,} parts are there already (--fresh scores them again)"
        )


def _score_pending(request: ScoreRequest, config: Config, plan: ScoringPlan, console: RunConsole) -> int:
    """Score the parts that are not there yet; returns how many rows they have."""
    pending = plan.pending(request.parts_folder)
    if not pending:
        return 0
    job = ScoringJob(
        str(request.model),
        plan.mode,
        config,
        str(request.parts_folder),
        str(request.store) if request.store else None,
    )
    rows = sum(part.rows for part in pending)
    try:
        with (
            stop_on_request() as stop,
            console.progress(rows, "scoring") as meter,
            PartScorer(job) as scorer,
        ):
            for part in pending:
                if stop.made:
                    raise KeyboardInterrupt  # noqa: TRY301  (told below, like one that came at once)
                scorer.score_part(part, lambda done, bad: meter.advance(done, bad=bad))
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
