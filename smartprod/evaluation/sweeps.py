"""The table of a sweep: variants of a configuration, and how each fared on held-out rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from smartprod.pipeline import RunFolder

SWEEP_FOLDER = "sweep"
SWEEP_FILE = "sweep.json"

SweepMetric: TypeAlias = Literal["macro_f1", "accuracy", "log_loss"]


@dataclass(frozen=True, slots=True)
class TrialScores:
    """How one variant fared.

    Attributes:
        head: Whose scores these are: `fused`, `image` or `text`.
        candidate: What the head is made of.
        rows: Held-out rows that it answered.
        learned_accuracy, learned_loss: On the rows that it learned from.
        accuracy, log_loss, macro_f1: On the held-out rows; never on test rows.
        standard_error: Of the score that `classifier.metric` names.
    """

    head: str
    candidate: str
    rows: int
    learned_accuracy: float
    learned_loss: float
    accuracy: float
    log_loss: float
    macro_f1: float
    standard_error: float = nan


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant.

    Attributes:
        number: Its place, and the name of its folder.
        values: What it changes, by configuration key, as on the command line.
        scores: None where it failed.
        reason: Why it failed; empty where it did not.
        seconds: What was computed for it took.
    """

    number: int
    values: Mapping[str, str]
    scores: TrialScores | None
    reason: str = ""
    seconds: float = 0.0

    def score(self, metric: SweepMetric) -> float:
        """The score by which it is compared, turned so that higher is better; NaN where it failed."""
        if self.scores is None:
            return nan
        return -self.scores.log_loss if metric == "log_loss" else getattr(self.scores, metric)


@dataclass(frozen=True, slots=True)
class SweepTable:
    """All variants of a sweep.

    Attributes:
        base: What the configuration without the variants was, as a hash; trials of another one do not compare.
        metric: What decides.
        trials: By number.
    """

    base: str
    metric: SweepMetric
    trials: tuple[Trial, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The configuration keys that vary, in the order in which they came."""
        return tuple(dict.fromkeys(key for trial in self.trials for key in trial.values))

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials, best first (of equal ones that with the lower log-loss), failed ones last."""
        done = [trial for trial in self.trials if not isnan(trial.score(self.metric))]
        failed = [trial for trial in self.trials if isnan(trial.score(self.metric))]
        return (
            *sorted(
                done, key=lambda trial: (-trial.score(self.metric), -trial.score("log_loss"), trial.number)
            ),
            *failed,
        )

    def document(self) -> dict[str, Any]:
        """Plain values for JSON; NaN is null."""
        return {
            "base": self.base,
            "metric": self.metric,
            "trials": [_without_nan(asdict(trial)) for trial in self.trials],
        }


def sweep_table(document: Mapping[str, Any]) -> SweepTable:
    """Read what `SweepTable.document` gave."""
    return SweepTable(
        base=document["base"],
        metric=document["metric"],
        trials=tuple(
            Trial(
                number=entry["number"],
                values=entry["values"],
                scores=_scores(entry["scores"]) if entry["scores"] else None,
                reason=entry["reason"],
                seconds=entry["seconds"],
            )
            for entry in document["trials"]
        ),
    )


def sweep_file(run: RunFolder) -> Path:
    """Where the sweep of a run keeps its table, whether or not there is one."""
    return run.root / SWEEP_FOLDER / SWEEP_FILE


def read_sweep(run: RunFolder) -> SweepTable | None:
    """Read the table of a run's sweep; None where there is none, or none that this version understands."""
    try:
        return sweep_table(json.loads(sweep_file(run).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sweep_page(table: SweepTable, *, title: str) -> str:
    """The table as one self-contained HTML document."""
    from smartprod.evaluation.page import PageHead, build_page
    from smartprod.evaluation.sections.sweeping import sweep_section

    section = sweep_section(table)
    return build_page(PageHead(title, "Variants of a configuration"), [section] if section else [])


def _scores(entry: Mapping[str, Any]) -> TrialScores:
    known: dict[str, Any] = {name: nan if value is None else value for name, value in entry.items()}
    return TrialScores(**known)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    return None if isinstance(value, float) and isnan(value) else value
