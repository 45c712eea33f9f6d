"""What the leaderboard tells: the table that is printed, and the document that is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.classifiers.budget import SkippedCandidate
    from smartprod.classifiers.leaderboard import HeadName, LeaderboardEntry
    from smartprod.classifiers.scores import Metric

_SHOWN = 6
_COLUMNS = ("accuracy", "macro_f1", "log_loss")


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """An entry of the leaderboard as it is shown.

    Attributes:
        entry: The candidate or mixture.
        chosen: Whether it became its head.
        standard_error: Of the metric that decides, on the held-out rows.
    """

    entry: LeaderboardEntry
    chosen: bool
    standard_error: float


def list_standings(
    board: Mapping[HeadName, Sequence[LeaderboardEntry]],
    chosen: Mapping[HeadName, LeaderboardEntry],
    *,
    metric: Metric,
    seed: int,
) -> list[Standing]:
    """List the entries head by head, the chosen one first, the others from the best on."""
    standings = []
    for head, entries in board.items():
        own = chosen[head]
        for entry in (own, *(each for each in entries if each is not own)):
            error = entry.standard_error(metric, seed=seed)
            standings.append(Standing(entry, entry is own, error))
    return standings


def standings_table(standings: Sequence[Standing], *, metric: Metric) -> list[str]:
    """Format the first entries of each head as lines of a table; the deciding metric has its standard error beside it."""
    titles = {"accuracy": "accuracy", "macro_f1": "macro-F1", "log_loss": "log-loss"}
    widths = {name: 16 if name == metric else 8 for name in _COLUMNS}
    header = " ".join(f"{titles[name]:>{widths[name]}}" for name in _COLUMNS)
    lines = [f"  {'head':6} {'candidate':28} {header} {'seconds':>7} {'rows/s':>8}"]
    for head in dict.fromkeys(standing.entry.head for standing in standings):
        each = [standing for standing in standings if standing.entry.head == head]
        lines += [_line(standing, metric, widths) for standing in each[:_SHOWN]]
        if len(each) > _SHOWN:
            lines.append(f"  {head:6} ... {len(each) - _SHOWN} more in leaderboard.json")
    return lines


def _line(standing: Standing, metric: Metric, widths: Mapping[str, int]) -> str:
    entry = standing.entry
    cells = []
    for name in _COLUMNS:
        spread = f" ± {standing.standard_error:.3f}" if name == metric else ""
        cells.append(f"{getattr(entry, name):.4f}{spread}".rjust(widths[name]))
    mark = "*" if standing.chosen else " "
    scores = " ".join(cells)
    return (
        f"{mark} {entry.head:6} {entry.name:28} {scores} {entry.seconds:7.1f} {entry.rows_per_second:8,.0f}"
    )


def skipped_lines(skipped: Sequence[SkippedCandidate]) -> list[str]:
    """One line for each reason, with the names of all candidates that were left out for it."""
    reasons = dict.fromkeys(each.reason for each in skipped)
    return [
        f"  skipped, {reason}: {', '.join(each.name for each in skipped if each.reason == reason)}"
        for reason in reasons
    ]


def standings_document(
    standings: Sequence[Standing], skipped: Sequence[SkippedCandidate]
) -> list[dict[str, object]]:
    """The `leaderboard` artefact: an object per entry, then one per candidate that was left out, with the reason."""
    compared: list[dict[str, object]] = [
        {
            "head": standing.entry.head,
            "name": standing.entry.name,
            "rows": len(standing.entry.rows),
            "accuracy": standing.entry.accuracy,
            "macro_f1": standing.entry.macro_f1,
            "log_loss": standing.entry.log_loss,
            "standard_error": standing.standard_error,
            "simplicity": standing.entry.simplicity,
            "seconds": round(standing.entry.seconds, 3),
            "rows_per_second": round(standing.entry.rows_per_second, 1),
            "chosen": standing.chosen,
            "members": [
                {"name": member.candidate.name, "weight": member.weight, "temperature": member.temperature}
                for member in standing.entry.members
            ],
        }
        for standing in standings
    ]
    return compared + [
        {"head": "", "name": each.name, "chosen": False, "members": [], "skipped": each.reason}
        for each in skipped
    ]
