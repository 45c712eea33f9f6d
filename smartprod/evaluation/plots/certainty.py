"""Charts of how sure the heads are: reliability, and accuracy against coverage."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from smartprod.evaluation.coverage import CoverageCurve
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    GRID,
    MUTED,
    SERIES,
    Chart,
    LegendEntry,
    look,
    new_figure,
    percent_axes,
    to_chart,
)
from smartprod.evaluation.reliability import BINS, ReliabilityBin

DASHES = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2))
"""Dash pattern of each line, so that no one needs its colour."""

THIN_BIN = 10
"""Bins with fewer rows than this are drawn pale: their accuracy is mostly chance."""


def reliability_chart(bins: list[ReliabilityBin], *, head: str, ece: float) -> Chart:
    """Draw accuracy against confidence in bins, with the rows of each bin below.

    Args:
        bins: Non-empty bins.
        head: Name of the head.
        ece: Its expected calibration error.
    """
    rows = max(sum(entry.rows for entry in bins), 1)
    with look():
        figure = new_figure(2.72, 3.1)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        above.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        for entry in bins:
            middle, width = (entry.low + entry.high) / 2, 0.92 / BINS
            pale = 0.35 if entry.rows < THIN_BIN else 1.0
            above.bar(middle, entry.accuracy, width=width, color=ACCENT, alpha=pale)
            above.hlines(entry.confidence, entry.low, entry.high, color=BAD, linewidth=2.0)
            below.bar(middle, entry.rows / rows, width=width, color=MUTED)
        above.set(
            xlim=(0, 1), ylim=(0, 1.02), ylabel="accuracy", title=f"{head}: calibration error {ece:.3f}"
        )
        below.set(xlabel="confidence", ylabel="rows")
        below.locator_params(axis="y", nbins=2)
        percent_axes(above, y=True)
        percent_axes(below, x=True, y=True)
        label = f"Reliability diagram of the {head} head, expected calibration error {ece:.3f}"
        return to_chart(figure, label=label)


def coverage_chart(
    curves: Mapping[str, CoverageCurve], *, thresholds: Mapping[str, float], target: float
) -> Chart:
    """Draw accuracy against coverage for all heads, and mark where each head's threshold lies.

    Args:
        curves: Curve of each head, in the order of the legend; empty curves are left out.
        thresholds: Confidence from which a head's answer is accepted.
        target: Accuracy of accepted answers that was asked for.
    """
    drawn = {name: curve for name, curve in curves.items() if len(curve.coverage)}
    lowest = min((float(curve.accuracy.min()) for curve in drawn.values()), default=0.0)
    with look():
        figure = new_figure(4.9, 3.1)
        axes = figure.subplots()
        axes.axhline(target, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.text(
            1.0, target, f"target {100 * target:.0f} %", color=MUTED, ha="right", va="bottom", fontsize=7
        )
        for number, (name, curve) in enumerate(drawn.items()):
            colour, dashes = SERIES[number % len(SERIES)], DASHES[number % len(DASHES)]
            line = axes.plot(curve.coverage, curve.accuracy, color=colour, linewidth=1.7)[0]
            if dashes:
                line.set_dashes(dashes)
            coverage, accuracy = curve.at_threshold(thresholds.get(name, float("inf")))
            if not isnan(accuracy):
                axes.plot(coverage, accuracy, "o", color=colour, markersize=6, markeredgecolor=GRID)
        axes.set(xlim=(0, 1.01), ylim=(max(0.0, lowest - 0.03), 1.01))
        axes.set(xlabel="share of products answered (surest first)", ylabel="accuracy of those answers")
        percent_axes(axes, x=True, y=True)
        legend = tuple(
            LegendEntry(
                f"series-{number % len(SERIES)}",
                name,
                " ".join(map(str, DASHES[number % len(DASHES)])) or "none",
            )
            for number, name in enumerate(drawn)
        )
        return to_chart(figure, label="Accuracy of the answers kept against coverage, by head", legend=legend)
