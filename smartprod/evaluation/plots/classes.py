"""The chart of how many products each class has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.plots.canvas import ACCENT, Chart, add_hover, name_axis, new_figure, to_chart

NAMED_CLASSES = 45
"""With more classes than this, the bars are too thin for names: a pointer tells them."""


def class_distribution_chart(names: tuple[str, ...], counts: NDArray[np.int64]) -> Chart:
    """Draw the training rows of each class, largest first.

    Args:
        names: Short class names, length C.
        counts: Training rows, int64 [C].
    """
    order = np.argsort(-counts, kind="stable")
    label = f"Training rows of {len(names)} classes, from {counts.max(initial=0)} to {counts.min(initial=0)}"
    ranked = [names[index] for index in order]
    data = {
        "place": np.arange(len(names)),
        "rows": counts[order],
        "bar": np.maximum(counts[order], 0.5),
        "name": ranked,
    }
    if len(names) <= NAMED_CLASSES:
        drawn = new_figure(
            height=60 + 17 * len(names),
            x_label="training rows",
            x_range=(0, max(int(counts.max(initial=0)), 1) * 1.05),
            y_range=(len(names) - 0.4, -0.6),
        )
        bars = drawn.hbar(y="place", right="rows", height=0.72, color=ACCENT, line_color=None, source=data)
        name_axis(drawn.yaxis, ranked)
        drawn.ygrid.grid_line_color = None
    else:
        drawn = new_figure(
            height=280,
            x_label="classes, largest first",
            y_label="training rows",
            tools=("box_zoom", "pan"),
            x_range=(-1, len(names)),
            y_range=(0.5, max(int(counts.max(initial=0)), 1) * 1.2),
            y_axis_type="log",
        )
        bars = drawn.vbar(
            x="place", top="bar", bottom=0.5, width=1, color=ACCENT, line_color=None, source=data
        )
        drawn.xgrid.grid_line_color = None
    add_hover(drawn, [bars], "<b>@name</b><br>@rows{0,0} training rows")
    return to_chart(drawn, label=label)
