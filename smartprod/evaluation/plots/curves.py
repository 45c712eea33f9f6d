"""Charts of a training: loss, F1 and learning rate by epoch."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from smartprod.evaluation.plots.canvas import (
    ACCENT,
    MUTED,
    PALETTE,
    SERIES,
    Chart,
    LegendEntry,
    add_hover,
    new_figure,
    to_chart,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.evaluation.curves import TrainingCurves

_PANELS = (
    ("loss", (("train_loss", "training"), ("val_loss", "val"))),
    ("F1 on val", (("val_macro_f1", "macro"), ("val_weighted_f1", "weighted"))),
    ("learning rate", (("learning_rate", "learning rate"),)),
)
_DASHES: tuple[tuple[int, ...], ...] = ((), (7, 3))


def training_charts(curves: TrainingCurves) -> tuple[Chart, ...]:
    """Draw loss, F1 and learning rate of one training against its epochs, the kept epoch marked.

    A panel without a figure is left out.
    """
    drawn = []
    for title, series in _PANELS:
        lines = [(label, _points(curves, name)) for name, label in series]
        lines = [(label, points) for label, points in lines if points]
        if lines:
            drawn.append(_panel(curves, title, lines))
    return tuple(drawn)


def _points(curves: TrainingCurves, name: str) -> list[tuple[int, float]]:
    values = [(each.epoch, float(getattr(each, name))) for each in curves.epochs]
    return [(epoch, value) for epoch, value in values if isfinite(value)]


def _panel(
    curves: TrainingCurves, title: str, lines: Sequence[tuple[str, Sequence[tuple[int, float]]]]
) -> Chart:
    from bokeh.models import BasicTicker, Span

    drawn = new_figure(height=230, title=title, x_label="epoch")
    drawn.add_layout(Span(location=curves.best_epoch, dimension="height", line_color=MUTED, line_dash=[5, 4]))
    legend = []
    for number, (label, points) in enumerate(lines):
        colour = SERIES[number] if len(lines) > 1 else ACCENT
        epochs, values = zip(*points, strict=True)
        data = {"epoch": epochs, "value": values, "name": [label] * len(points)}
        dashes = _DASHES[number]
        drawn.line(
            "epoch",
            "value",
            color=colour,
            line_width=2,
            line_dash=list(dashes) or "solid",
            source=data,
            name=label,
        )
        dots = drawn.scatter("epoch", "value", color=colour, size=4, source=data, name=label)
        add_hover(drawn, [dots], "epoch <b>@epoch</b><br>@name <b>@value{0.0000}</b>")
        legend.append(LegendEntry(PALETTE[colour], label, " ".join(map(str, dashes)) or "none", label))
    drawn.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=6, num_minor_ticks=0)
    return to_chart(
        drawn,
        label=f"{title} of the {curves.name} by epoch",
        width=360,
        legend=tuple(legend) if len(legend) > 1 else (),
    )
