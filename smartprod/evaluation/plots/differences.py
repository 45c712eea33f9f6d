"""The chart of what a run gains over another one."""

from __future__ import annotations

from smartprod.evaluation.comparison import MetricDifference
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    INK,
    MUTED,
    Chart,
    add_hover,
    name_axis,
    new_figure,
    to_chart,
)

_COLOURS = {"better": ACCENT, "worse": BAD, "even": MUTED}


def difference_chart(metrics: tuple[MetricDifference, ...]) -> Chart:
    """Draw the difference of each metric with its interval, in points; right of zero the second run is better."""
    from bokeh.models import Span

    shown = [each for each in metrics if each.difference == each.difference]
    signs = [1 if each.higher_is_better else -1 for each in shown]
    ends = [
        sorted((100 * sign * each.low, 100 * sign * each.high))
        for sign, each in zip(signs, shown, strict=True)
    ]
    data = {
        "place": list(range(len(shown))),
        "middle": [100 * sign * each.difference for sign, each in zip(signs, shown, strict=True)],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
        "colour": [_COLOURS[each.verdict] for each in shown],
        "name": [each.name for each in shown],
    }
    drawn = new_figure(
        height=90 + 34 * len(shown),
        x_label="points by which the second run is better (log loss: hundredths)",
        y_range=(len(shown) - 0.4, -0.6),
    )
    drawn.add_layout(Span(location=0, dimension="height", line_color=INK, line_width=1))
    drawn.segment("low", "place", "high", "place", color="colour", line_width=3, source=data)
    dots = drawn.scatter("middle", "place", size=11, color="colour", line_color=None, source=data)
    add_hover(drawn, [dots], "<b>@name</b><br>@middle{+0.0} points, 95 % interval @low{+0.0} to @high{+0.0}")
    name_axis(drawn.yaxis, [each.name for each in shown])
    drawn.ygrid.grid_line_color = None
    return to_chart(drawn, label="Differences of the metrics with their intervals", width=680)
