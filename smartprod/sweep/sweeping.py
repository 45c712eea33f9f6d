"""The sweep: try variant after variant, keep what each gave, and go on where it was stopped."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.config import LoadedConfig, load_config
from smartprod.errors import DiskError, InterruptedRunError, SmartprodError, UsageError
from smartprod.evaluation import SweepTable, Trial, read_sweep, sweep_file, sweep_page
from smartprod.pipeline import (
    RunConsole,
    RunFolder,
    find_pipeline,
    load_stages,
    order_stages,
    run_pipeline,
    share_stages,
    write_atomically,
)
from smartprod.sweep.lines import table_lines, trial_line
from smartprod.sweep.proposals import GridProposals, OptunaProposals
from smartprod.sweep.trial import comparing_pipeline, trial_scores

if TYPE_CHECKING:
    from smartprod.evaluation import SweepMetric
    from smartprod.pipeline import Pipeline
    from smartprod.sweep.space import Dimension


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """How a sweep is done.

    Attributes:
        metric: What decides, on held-out rows.
        trials: How many variants Optuna chooses; None: every combination is tried.
        seconds: No variant is begun after this long; None: no limit.
        head: Whose scores count: `fused`, `image` or `text`; None: the first of these that there is.
    """

    metric: SweepMetric = "macro_f1"
    trials: int | None = None
    seconds: float | None = None
    head: str | None = None


def sweep(
    loaded: LoadedConfig, dimensions: Sequence[Dimension], settings: SweepSettings, *, console: RunConsole
) -> SweepTable:
    """Train every variant in `runs/<name>/sweep/<number>/` as far as the comparison on held-out rows.

    Variants share the embedding store and every stage up to the first that a variant changes. One that is done is not
    done again, unless the data, the code or the configuration are others now. `sweep.json`, `sweep.csv` and
    `sweep.html` beside the trials hold the table; the report of the run shows it too.

    Args:
        loaded: The configuration that the variants start from.
        dimensions: What varies.
        settings: How.
        console: Where lines go.

    Raises:
        UsageError: A value to try is refused by the configuration, before anything is computed.
        InterruptedRunError: The user pressed Ctrl-C; what is done is kept.
        DiskError: The disk fails; a variant that fails otherwise is kept in the table with the reason.
    """
    return _Sweep(loaded, dimensions, settings, console).run()


class _Sweep:
    """A sweep under way."""

    def __init__(
        self,
        loaded: LoadedConfig,
        dimensions: Sequence[Dimension],
        settings: SweepSettings,
        console: RunConsole,
    ) -> None:
        self._loaded, self._settings, self._console = loaded, settings, console
        self._base = RunFolder.of(loaded.config)
        self._pipeline: Pipeline = comparing_pipeline(find_pipeline("all", loaded.config))
        self._proposals = (
            GridProposals(dimensions)
            if settings.trials is None
            else OptunaProposals(dimensions, trials=settings.trials, seed=loaded.config.run.seed)
        )
        keys = tuple(dimension.key for dimension in dimensions)
        self._table = SweepTable(_base_key(loaded, keys), settings.metric)
        known = read_sweep(self._base)
        if known is not None and known.base == self._table.base:
            self._table = replace(known, metric=settings.metric)
        elif known is not None:
            console.line(
                "a new table is begun: the one there varies other settings, or another configuration"
            )

    def run(self) -> SweepTable:
        """Try what is left."""
        started = time.monotonic()
        if isinstance(self._proposals, GridProposals):
            for number, planned in enumerate(self._proposals.all, start=1):
                self._configure(planned, number)  # a wrong value ends the sweep before anything is computed
            self._console.line(f"{len(self._proposals.all)} variants of {self._base.root}")
        tried: list[Mapping[str, str]] = []
        limit = self._settings.seconds
        for values in self._proposals.each(lambda: self._table):
            if limit is not None and time.monotonic() - started > limit:
                self._console.line(f"{limit:g} seconds are over; the same command goes on")
                break
            tried.append(values)
            self._try(values)
        for line in table_lines(self._table):
            self._console.line(line)
        self._tell_best()
        return self._table

    def _try(self, values: Mapping[str, str]) -> None:
        known = next((trial for trial in self._table.trials if trial.values == values), None)
        number = known.number if known else max((each.number for each in self._table.trials), default=0) + 1
        trial = self._train(values, number, known)
        self._keep(trial)
        self._console.line(trial_line(trial, self._table.metric))

    def _train(self, values: Mapping[str, str], number: int, known: Trial | None) -> Trial:
        variant = self._configure(values, number)
        run = RunFolder.of(variant.config)
        stages = order_stages(self._pipeline, load_stages())
        others = [
            RunFolder(run.root.with_name(str(trial.number)))
            for trial in self._table.trials
            if trial.number != number
        ]
        run.root.mkdir(parents=True, exist_ok=True)
        share_stages(stages, variant.config, run, [self._base, *others])
        try:
            outcome = run_pipeline(self._pipeline, variant, console=_Silent())
        except (InterruptedRunError, DiskError, UsageError):
            raise
        except SmartprodError as error:
            return Trial(number, values, None, reason=f"[{error.code}] {error.what}")
        if known is not None and known.scores is not None and not outcome.computed:
            return known
        scores = trial_scores(run, variant.config, self._settings.head)
        return Trial(number, values, scores, seconds=round(outcome.seconds, 1))

    def _configure(self, values: Mapping[str, str], number: int) -> LoadedConfig:
        name = f"{self._loaded.config.run.name}/{sweep_file(self._base).parent.name}/{number}"
        changes = [f"{key}={value}" for key, value in values.items()]
        return load_config(self._loaded.given, [*self._loaded.overrides, *changes, f"run.name={name}"])

    def _keep(self, trial: Trial) -> None:
        others = [each for each in self._table.trials if each.number != trial.number]
        trials = tuple(sorted([*others, trial], key=lambda each: each.number))
        self._table = replace(self._table, trials=trials)
        write_table(self._table, sweep_file(self._base), title=f"Sweep of {self._loaded.config.run.name}")

    def _tell_best(self) -> None:
        best = next((trial for trial in self._table.ranked if trial.scores is not None), None)
        if best is None:
            self._console.result("no variant could be trained")
            return
        changes = [shlex.quote(f"{key}={value}") for key, value in best.values.items()]
        command = " ".join(["smartprod run all", *self._loaded.arguments(), *changes])
        folder = sweep_file(self._base).parent
        self._console.result(
            f"best: variant {best.number}; train it with: {command}\ntable: {folder / 'sweep.html'}"
        )


class _Silent(RunConsole):
    """Shows nothing of a trial's run, its last line included."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def result(self, text: str) -> None:
        """Show nothing."""


def write_table(table: SweepTable, path: Path, *, title: str) -> None:
    """Write `sweep.json`, and `sweep.csv` and `sweep.html` beside it, each whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {
        path: json.dumps(table.document(), indent=2, ensure_ascii=False) + "\n",
        path.with_suffix(".csv"): _csv(table),
        path.with_suffix(".html"): sweep_page(table, title=title),
    }
    for place, text in texts.items():
        write_atomically(place, partial(_write, text))


def _write(text: str, temporary: Path) -> None:
    temporary.write_text(text, encoding="utf-8", newline="\n")


def _csv(table: SweepTable) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    scores = (
        "head", "candidate", "learned_accuracy", "learned_loss", "accuracy", "log_loss", "macro_f1", "standard_error",
    )  # fmt: skip
    writer.writerow(["number", *table.keys, *scores, "seconds", "reason"])
    for trial in table.ranked:
        values = [trial.values.get(key, "") for key in table.keys]
        found = ["" if trial.scores is None else getattr(trial.scores, name) for name in scores]
        writer.writerow([trial.number, *values, *found, trial.seconds, trial.reason])
    return stream.getvalue()


def _base_key(loaded: LoadedConfig, keys: Sequence[str]) -> str:
    """Hash the configuration without what varies and without what changes no result."""
    values = loaded.config.model_dump(mode="json")
    for key in (*keys, "run.name", "run.folder", "run.threads", "run.pipeline", "engine", "report", "score"):
        section = values
        *parents, last = key.split(".")
        for parent in parents:
            section = section.get(parent) or {}
        section.pop(last, None)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]
