"""Charts of a training: loss, F1 and learning rate by epoch."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from smartprod.evaluation.plots.canvas import ACCENT, MUTED, SERIES, Chart, look, new_figure, to_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.evaluation.curves import TrainingCurves

_PANELS = (
    ("loss", (("train_loss", "training"), ("val_loss", "val"))),
    ("F1 on val", (("val_macro_f1", "macro"), ("val_weighted_f1", "weighted"))),
    ("learning rate", (("learning_rate", "learning rate"),)),
)
_DASHES = ((), (5, 2))


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
    from matplotlib.ticker import MaxNLocator

    with look():
        figure = new_figure(2.72, 2.1)
        axes = figure.subplots()
        axes.axvline(curves.best_epoch, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        for number, (label, points) in enumerate(lines):
            epochs, values = zip(*points, strict=True)
            marker = "o" if len(points) == 1 else ""
            line = axes.plot(
                epochs,
                values,
                marker=marker,
                color=SERIES[number] if len(lines) > 1 else ACCENT,
                linewidth=1.7,
                label=label,
            )[0]
            if _DASHES[number]:
                line.set_dashes(_DASHES[number])
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=7, labelcolor=MUTED)
        axes.set(xlabel="epoch", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.locator_params(axis="y", nbins=5)
        return to_chart(figure, label=f"{title} of the {curves.name} by epoch")
