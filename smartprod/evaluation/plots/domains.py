"""The chart of two domains' embeddings."""

from __future__ import annotations

import numpy as np

from smartprod.evaluation.embedding_map import EmbeddingMap
from smartprod.evaluation.plots.canvas import PALETTE, SERIES, Chart, LegendEntry, new_figure, to_chart


def domain_chart(points: EmbeddingMap, names: tuple[str, str]) -> Chart:
    """Draw the map of two domains, each in a colour of its own.

    Args:
        points: Positions; the label is 0 for the first domain and 1 for the second.
        names: Of the domains.
    """
    reach = np.abs(points.xy).max(axis=0) + 0.06
    drawn = new_figure(
        height=360,
        tools=("pan", "box_zoom"),
        x_range=(-float(reach[0]), float(reach[0])),
        y_range=(-float(reach[1]), float(reach[1])),
    )
    for number in range(len(names)):
        own = points.xy[points.labels == number]
        drawn.scatter(
            own[:, 0], own[:, 1], size=5, color=SERIES[number], alpha=0.7, line_color=None, name=f"domain-{number}"
        )  # fmt: skip
    drawn.axis.visible = False
    drawn.grid.grid_line_color = None
    legend = tuple(
        LegendEntry(PALETTE[SERIES[number]], name, glyphs=f"domain-{number}")
        for number, name in enumerate(names)
    )
    label = f"Map of the image embeddings of {len(points.rows)} products, coloured by domain"
    return to_chart(drawn, label=label, width=560, legend=legend)
