"""Charts of the classes: how many products each has, and which are taken for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.confusion import ConfusionMatrix
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    INK,
    MUTED,
    PAPER,
    Chart,
    look,
    new_figure,
    shorten,
    to_chart,
)

NAMED_CLASSES = 45
"""With more classes than this, the bars are too thin for names."""


def class_distribution_chart(names: tuple[str, ...], counts: NDArray[np.int64]) -> Chart:
    """Draw the training rows of each class, largest first.

    Args:
        names: Short class names, length C.
        counts: Training rows, int64 [C].
    """
    order = np.argsort(-counts, kind="stable")
    label = f"Training rows of {len(names)} classes, from {counts.max(initial=0)} to {counts.min(initial=0)}"
    with look():
        if len(names) > NAMED_CLASSES:
            figure = new_figure(5.1, 2.8)
            axes = figure.subplots()
            rank = np.arange(1, len(names) + 1)
            axes.fill_between(
                rank, np.maximum(counts[order], 0.5), 0.5, color=ACCENT, step="mid", linewidth=0
            )
            axes.set(yscale="log", xlim=(0.5, len(names) + 0.5), ylim=(0.5, None))
            axes.set(xlabel="classes, largest first", ylabel="training rows")
            axes.yaxis.set_major_formatter("{x:.0f}")
            return to_chart(figure, label=label)
        figure = new_figure(5.1, 0.5 + 0.17 * len(names))
        axes = figure.subplots()
        place = np.arange(len(names))
        axes.barh(place, counts[order], color=ACCENT, height=0.72)
        for position, count in enumerate(counts[order]):
            axes.annotate(
                str(count),
                (count, position),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                color=MUTED,
                fontsize=7,
            )
        axes.set_yticks(place, [shorten(names[index]) for index in order], fontsize=7, color=INK)
        axes.set(ylim=(len(names) - 0.4, -0.6), xlabel="training rows")
        axes.grid(visible=False, axis="y")
        return to_chart(figure, label=label)


def confusion_chart(matrix: ConfusionMatrix, names: tuple[str, ...]) -> Chart:
    """Draw a confusion matrix: strength of colour is the share of the true class, figures are the mistakes.

    Args:
        matrix: Counts for the classes shown.
        names: Short names of all classes, length C.
    """
    from matplotlib.patches import Rectangle

    size = len(matrix.classes)
    shown = [shorten(names[index], length=22) for index in matrix.classes]
    totals = np.maximum(matrix.counts.sum(axis=1), 1)
    side = max(2.6, 1.5 + 0.19 * size)
    with look():
        figure = new_figure(side, side)
        axes = figure.subplots()
        for true, answer in zip(*np.nonzero(matrix.counts), strict=True):
            count = int(matrix.counts[true, answer])
            strength = 0.15 + 0.85 * count / totals[true]
            right = true == answer
            colour = ACCENT if right else BAD
            axes.add_patch(
                Rectangle((answer - 0.5, true - 0.5), 1, 1, facecolor=colour, alpha=strength, linewidth=0)
            )
            if not right:
                axes.text(
                    answer,
                    true,
                    str(count),
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color=PAPER if strength > 0.7 else INK,
                )
        axes.set_xticks(range(size), shown, rotation=90, fontsize=7, color=INK)
        axes.set_yticks(range(size), shown, fontsize=7, color=INK)
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="answered", ylabel="true")
        axes.set_aspect("equal")
        axes.tick_params(pad=2)
        return to_chart(figure, label=f"Confusion matrix of {size} classes")
