"""Charts of how sure the heads are: reliability, accuracy against coverage, and errors by confidence."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.coverage import CoverageCurve
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    MUTED,
    PALETTE,
    PAPER,
    SERIES,
    Chart,
    LegendEntry,
    add_hover,
    new_figure,
    percent_axes,
    thinned,
    to_chart,
)
from smartprod.evaluation.reliability import BINS, ReliabilityBin

DASHES: tuple[tuple[int, ...], ...] = ((), (7, 3), (2, 2), (8, 3, 2, 3))
"""Dash pattern of each line, so that no one needs its colour."""

THIN_BIN = 10
"""Bins with fewer rows than this are drawn pale: their accuracy is mostly chance."""

HISTOGRAM_BINS = 20


def reliability_chart(bins: list[ReliabilityBin], *, head: str, ece: float) -> Chart:
    """Draw accuracy against confidence in bins.

    Args:
        bins: Non-empty bins.
        head: Name of the head.
        ece: Its expected calibration error.
    """
    drawn = new_figure(
        height=250,
        title=f"{head}: calibration error {ece:.3f}",
        x_label="confidence",
        y_label="accuracy",
        x_range=(0, 1),
        y_range=(0, 1.02),
    )
    drawn.line([0, 1], [0, 1], color=MUTED, line_dash=[5, 4])
    data = {
        "middle": [(entry.low + entry.high) / 2 for entry in bins],
        "low": [entry.low for entry in bins],
        "high": [entry.high for entry in bins],
        "accuracy": [entry.accuracy for entry in bins],
        "confidence": [entry.confidence for entry in bins],
        "rows": [entry.rows for entry in bins],
        "alpha": [0.35 if entry.rows < THIN_BIN else 1.0 for entry in bins],
    }
    bars = drawn.vbar(
        x="middle",
        top="accuracy",
        width=0.92 / BINS,
        color=ACCENT,
        fill_alpha="alpha",
        line_color=None,
        source=data,
    )
    drawn.segment("low", "confidence", "high", "confidence", color=BAD, line_width=3, source=data)
    add_hover(
        drawn,
        [bars],
        "confidence <b>@confidence{0.0 %}</b><br>accuracy <b>@accuracy{0.0 %}</b><br>@rows{0,0} products",
    )
    percent_axes(drawn, x=True, y=True)
    label = f"Reliability diagram of the {head} head, expected calibration error {ece:.3f}"
    return to_chart(drawn, label=label, width=360)


def coverage_chart(
    curves: Mapping[str, CoverageCurve], *, thresholds: Mapping[str, float], target: float
) -> Chart:
    """Draw accuracy against coverage for all heads, and mark where each head's threshold lies.

    Args:
        curves: Curve of each head, in the order of the legend; empty curves are left out.
        thresholds: Confidence from which a head's answer is accepted.
        target: Accuracy of accepted answers that was asked for.
    """
    curves = {name: curve for name, curve in curves.items() if len(curve.coverage)}
    lowest = min((float(curve.accuracy.min()) for curve in curves.values()), default=0.0)
    drawn = new_figure(
        height=360,
        x_label="share of products answered (surest first)",
        y_label="accuracy of those answers",
        tools=("box_zoom", "pan"),
        x_range=(0, 1.02),
        y_range=(max(0.0, lowest - 0.03), 1.01),
    )
    drawn.line([0, 1.02], [target, target], color=MUTED, line_dash=[5, 4])
    drawn.text(
        [1.0],
        [target],
        [f"target {100 * target:.0f} %"],
        text_align="right",
        text_color=MUTED,
        text_font_size="11px",
    )
    legend = []
    for number, (name, curve) in enumerate(curves.items()):
        colour, dashes = SERIES[number % len(SERIES)], DASHES[number % len(DASHES)]
        glyphs = f"curve-{number}"
        _coverage_line(drawn, curve, name=name, colour=colour, dashes=dashes, glyphs=glyphs)
        coverage, accuracy = curve.at_threshold(thresholds.get(name, float("inf")))
        if not isnan(accuracy):
            drawn.scatter(
                [coverage], [accuracy], size=11, color=colour, line_color=PAPER, line_width=2, name=glyphs
            )
        legend.append(LegendEntry(PALETTE[colour], name, " ".join(map(str, dashes)) or "none", glyphs))
    percent_axes(drawn, x=True, y=True)
    label = "Accuracy of the answers kept against coverage, by head"
    return to_chart(drawn, label=label, legend=tuple(legend))


def _coverage_line(
    drawn: object, curve: CoverageCurve, *, name: str, colour: str, dashes: tuple[int, ...], glyphs: str
) -> None:
    kept = thinned(len(curve.coverage))
    data = {
        "coverage": curve.coverage[kept],
        "accuracy": curve.accuracy[kept],
        "threshold": curve.threshold[kept],
        "head": [name] * len(kept),
    }
    line = drawn.line(  # type: ignore[attr-defined]
        "coverage",
        "accuracy",
        color=colour,
        line_width=2,
        line_dash=list(dashes) or "solid",
        source=data,
        name=glyphs,
    )
    add_hover(
        drawn,
        [line],
        "<b>@head</b><br>@coverage{0.0 %} answered, @accuracy{0.0 %} of them right<br>threshold @threshold{0.000}",
    )


def error_chart(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> Chart:
    """Draw how many answers are right and wrong at each confidence.

    Args:
        confidence: Of each answer, float [N].
        right: Whether it is right, bool [N].
    """
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    all_rows, _ = np.histogram(confidence, edges)
    wrong, _ = np.histogram(confidence[~right], edges)
    filled = np.flatnonzero(all_rows)
    data = {
        "left": edges[:-1][filled] + 0.002,
        "right": edges[1:][filled] - 0.002,
        "wrong": wrong[filled],
        "top": all_rows[filled],
        "share": wrong[filled] / all_rows[filled],
        "low": edges[:-1][filled],
        "high": edges[1:][filled],
        "zero": np.zeros(len(filled), np.int64),
    }
    drawn = new_figure(
        height=260,
        x_label="confidence of the answer",
        y_label="products",
        tools=("ybox_zoom",),
        x_range=(float(edges[filled[0]]) if len(filled) else 0.0, 1),
        y_range=(0, max(int(all_rows.max(initial=0)), 1) * 1.04),
    )
    bars = [
        drawn.quad(
            "left", "right", "top", "wrong", color=ACCENT, fill_alpha=0.55, line_color=None, source=data
        ),
        drawn.quad("left", "right", "wrong", "zero", color=BAD, line_color=None, source=data),
    ]
    add_hover(
        drawn,
        bars,
        "confidence @low{0 %} to @high{0 %}<br><b>@wrong{0,0}</b> of @top{0,0} wrong (@share{0.0 %})",
    )
    drawn.xgrid.grid_line_color = None
    percent_axes(drawn, x=True)
    wrong_rows = int((~right).sum())
    return to_chart(drawn, label=f"{wrong_rows} wrong of {len(right)} answers, by confidence")
