"""The confusion matrix as a chart: whole at first, any neighbourhood on request."""

from __future__ import annotations

import numpy as np

from smartprod.evaluation.confusion import ConfusionMatrix
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    INK,
    Chart,
    add_hover,
    name_axis,
    new_figure,
    to_chart,
)

COUNTS = "counts"
"""Name of the written counts, which the page's script shows only where they have room."""

NAMED_CELLS = 100
"""Cells of a matrix with more classes than this get an edge."""


def confusion_chart(matrix: ConfusionMatrix, names: tuple[str, ...]) -> Chart:
    """Draw a confusion matrix: strength of colour is the share of the true class, figures are the mistakes.

    Args:
        matrix: Non-empty cells and the order of the classes.
        names: Short names of all classes, length C.
    """
    size = len(matrix.classes)
    shown = [names[index] for index in matrix.classes]
    right = matrix.true == matrix.answered
    share = matrix.counts / np.maximum(matrix.rows[matrix.true], 1)
    data = {
        "true": matrix.true,
        "answered": matrix.answered,
        "colour": np.where(right, ACCENT, BAD),
        "alpha": np.where(right, 0.15 + 0.75 * share, 0.3 + 0.7 * share),
        "count": matrix.counts,
        "share": share,
        "true_name": [shown[place] for place in matrix.true],
        "answered_name": [shown[place] for place in matrix.answered],
    }
    side = int(np.clip(190 + 14 * size, 300, 720))
    drawn = new_figure(
        height=side,
        x_label="answered",
        y_label="true",
        tools=("box_zoom", "pan"),
        x_range=(-0.5, size - 0.5),
        y_range=(size - 0.5, -0.5),
    )
    cells = drawn.rect(
        "answered",
        "true",
        width=1,
        height=1,
        fill_color="colour",
        fill_alpha="alpha",
        line_color="colour" if size > NAMED_CELLS else None,  # a cell of less than a pixel is still seen
        line_alpha="alpha",
        source=data,
    )
    wrong = np.flatnonzero(~right)
    drawn.text(
        matrix.answered[wrong],
        matrix.true[wrong],
        [str(count) for count in matrix.counts[wrong]],
        text_align="center",
        text_baseline="middle",
        text_font_size="10px",
        text_color=INK,
        name=COUNTS,
    )
    for axis in (drawn.xaxis, drawn.yaxis):
        name_axis(axis, shown, length=18)
    drawn.xaxis.major_label_orientation = "vertical"
    drawn.grid.grid_line_color = None
    drawn.outline_line_color = None
    add_hover(
        drawn,
        [cells],
        "<b>@true_name</b> answered as <b>@answered_name</b><br>@count{0,0} products, @share{0.0 %} of the true category",
    )
    return to_chart(drawn, label=f"Confusion matrix of {size} classes", width=side + 60, name="confusion")
