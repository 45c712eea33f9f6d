"""The tree of the classes by how alike their embeddings are."""

from __future__ import annotations

import numpy as np

from smartprod.evaluation.macro_categories import MacroCategories
from smartprod.evaluation.plots.canvas import INK, MUTED, SERIES, Chart, look, new_figure, shorten, to_chart

LEAVES = 160
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
    drawn = dendrogram(found.tree.linkage, no_plot=True)
    places = np.asarray(drawn["icoord"]) / 10 - 0.5  # [C - 1, 4]: leaves at 0, 1, ...
    heights = np.asarray(drawn["dcoord"])
    clusters = found.tree.clusters[found.tree.order]
    with look():
        figure = new_figure(5.6, 0.5 + 0.145 * classes)
        axes = figure.subplots()
        for place, height in zip(places, heights, strict=True):
            within = clusters[int(np.ceil(place.min())) : int(np.floor(place.max())) + 1]
            one = len(set(within.tolist())) == 1
            colour = SERIES[within[0] % len(SERIES)] if one else MUTED
            axes.plot(height, place, color=colour, linewidth=1.1, solid_joinstyle="miter")
        for place, (number, cluster) in enumerate(zip(found.tree.order, clusters, strict=True)):
            name = shorten(names[found.members[number]], length=34)
            axes.annotate(
                name,
                (0, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.8,
                color=INK,
            )
            axes.plot([0], [place], marker="o", markersize=2.6, color=SERIES[cluster % len(SERIES)])
        axes.set(ylim=(classes - 0.4, -0.6), xlim=(heights.max() * 1.03, -0.62 * heights.max()), yticks=[])
        axes.set_xticks([tick for tick in np.arange(0, 2.1, 0.25) if tick <= heights.max() * 1.03])
        axes.set_xlabel("cosine distance", loc="left")
        axes.spines["left"].set_visible(False)
        return to_chart(
            figure, label=f"Dendrogram of {classes} classes in {found.tree.number} macro-categories"
        )
