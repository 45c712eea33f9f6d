"""The table of a sweep as lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartprod.evaluation import SweepMetric, SweepTable, Trial

_HEADS = ("accuracy", "loss", "val accuracy", "val loss", "val macro-F1")


def trial_line(trial: Trial, metric: SweepMetric) -> str:
    """One trial in a line, as it ends."""
    values = ", ".join(f"{key}={value}" for key, value in trial.values.items())
    if trial.scores is None:
        return f"{trial.number:3}  {values}: failed, {trial.reason}"
    return f"{trial.number:3}  {values}: {metric} {abs(trial.score(metric)):.4f} ({trial.seconds:.0f} s)"


def table_lines(table: SweepTable) -> list[str]:
    """The whole table, best first: what varies, then scores on the rows learned from and on held-out rows."""
    keys = table.keys
    widths = [
        max([len(_short(key, keys)), *(len(trial.values.get(key, "")) for trial in table.trials)])
        for key in keys
    ]
    header = "".join(f"{_short(key, keys):>{width + 2}}" for key, width in zip(keys, widths, strict=True))
    lines = [f" no{header}" + "".join(f"{head:>{_wide(head)}}" for head in _HEADS) + "  answered by"]
    for trial in table.ranked:
        values = "".join(
            f"{trial.values.get(key, ''):>{width + 2}}" for key, width in zip(keys, widths, strict=True)
        )
        if trial.scores is None:
            lines.append(f"{trial.number:3}{values}  failed: {trial.reason}")
            continue
        scores = trial.scores
        numbers = (
            scores.learned_accuracy, scores.learned_loss, scores.accuracy, scores.log_loss, scores.macro_f1,
        )  # fmt: skip
        cells = "".join(f"{number:{_wide(head)}.4f}" for number, head in zip(numbers, _HEADS, strict=True))
        lines.append(f"{trial.number:3}{values}{cells}  {scores.head}: {scores.candidate}")
    return lines


def _wide(head: str) -> int:
    return max(len(head), 6) + 2


def _short(key: str, keys: tuple[str, ...]) -> str:
    """The last part of a key where it says which one is meant."""
    last = key.rpartition(".")[2]
    return key if sum(other.rpartition(".")[2] == last for other in keys) > 1 else last
