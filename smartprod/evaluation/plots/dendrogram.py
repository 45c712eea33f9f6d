"""The tree of the classes by how alike their embeddings are."""

from __future__ import annotations

import numpy as np

from smartprod.evaluation.macro_categories import MacroCategories
from smartprod.evaluation.plots.canvas import (
    MUTED,
    SERIES,
    Chart,
    add_hover,
    name_axis,
    new_figure,
    to_chart,
)

LEAVES = 300
"""With more classes than this the names of a dendrogram are a wall: it is left out."""


def dendrogram_chart(found: MacroCategories, names: tuple[str, ...]) -> Chart | None:
    """Draw the dendrogram, one line of text for each class, coloured by macro-category.

    Args:
        found: The tree and its macro-categories.
        names: Short names of all classes, length C.
    """
    from scipy.cluster.hierarchy import dendrogram

    classes = len(found.members)
    if not 2 < classes <= LEAVES:
        return None
    branches = dendrogram(found.tree.linkage, no_plot=True)
    places = np.asarray(branches["icoord"]) / 10 - 0.5  # [C - 1, 4]: leaves at 0, 1, ...
    heights = np.asarray(branches["dcoord"])
    clusters = found.tree.clusters[found.tree.order]
    colours = []
    for place in places:
        within = clusters[int(np.ceil(place.min())) : int(np.floor(place.max())) + 1]
        one = len(set(within.tolist())) == 1
        colours.append(SERIES[within[0] % len(SERIES)] if one else MUTED)
    drawn = new_figure(
        height=70 + 15 * classes,
        x_label="cosine distance",
        y_axis_location="right",
        x_range=(float(heights.max()) * 1.03, 0),
        y_range=(classes - 0.4, -0.6),
    )
    data = {
        "x": heights.tolist(),
        "y": places.tolist(),
        "colour": colours,
        "distance": heights.max(axis=1),
    }
    lines = drawn.multi_line("x", "y", color="colour", line_width=1.6, line_join="miter", source=data)
    leaf_colours = [SERIES[cluster % len(SERIES)] for cluster in clusters]
    drawn.scatter([0] * classes, list(range(classes)), size=5, color=leaf_colours)
    name_axis(drawn.yaxis, [names[found.members[number]] for number in found.tree.order], length=30)
    drawn.ygrid.grid_line_color = None
    add_hover(drawn, [lines], "joined at distance <b>@distance{0.000}</b>")
    label = f"Dendrogram of {classes} classes in {found.tree.number} macro-categories"
    return to_chart(drawn, label=label, width=760)
