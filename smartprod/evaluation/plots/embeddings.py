"""The chart of the embedding map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import UNKNOWN_CLASS
from smartprod.evaluation.embedding_map import EmbeddingMap
from smartprod.evaluation.plots.canvas import (
    INK,
    MUTED,
    SERIES,
    Chart,
    LegendEntry,
    look,
    new_figure,
    shorten,
    to_chart,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_LEAVES = 16
"""So many of the largest classes are named on the map."""

REST = -1


def map_chart(
    points: EmbeddingMap, *, groups: tuple[str, ...], leaves: tuple[str, ...], wrong: frozenset[int]
) -> Chart:
    """Draw the map: colour is the group of categories, names are the largest classes, rings are wrong answers.

    Args:
        points: Positions and labels.
        groups: Ancestor category whose colour each class has, length C.
        leaves: Short name of each class, length C.
        wrong: Rows that the chosen head answered wrongly.
    """
    series, names = _series(points.labels, groups)
    with look():
        figure = new_figure(7.4, 5.2)
        axes = figure.subplots()
        for number in (REST, *range(len(names))):
            colour = MUTED if number == REST else SERIES[number]
            _dots(axes, points.xy[series == number], colour=colour)
        ringed = points.xy[[row in wrong for row in points.rows.tolist()]]
        if len(ringed):
            axes.plot(*ringed.T, "o", markersize=6, fillstyle="none", color=INK, markeredgewidth=0.9)
        for index, place in _name_places(points):
            axes.annotate(
                shorten(leaves[index], length=20),
                place,
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=7.5,
                color=INK,
            )
        reach = np.abs(points.xy).max(axis=0) + 0.04
        axes.set(xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
        axes.set_axis_off()
        legend = [LegendEntry(f"series-{number}", name) for number, name in enumerate(names)]
        if (series == REST).any():
            legend.append(LegendEntry("muted", "others"))
        label = f"Map of the embeddings of {len(points.rows)} products, coloured by group of categories"
        return to_chart(figure, label=label, legend=tuple(legend))


def _series(labels: NDArray[np.int64], groups: tuple[str, ...]) -> tuple[NDArray[np.int64], list[str]]:
    """Give the largest groups a colour each; the rest share one."""
    known = labels[labels != UNKNOWN_CLASS]
    counts: dict[str, int] = {}
    for index, count in zip(*np.unique(known, return_counts=True), strict=True):
        counts[groups[index]] = counts.get(groups[index], 0) + int(count)
    names = sorted(counts, key=lambda name: -counts[name])[: len(SERIES)]
    number_of = {name: number for number, name in enumerate(names)}
    series = [
        REST if label == UNKNOWN_CLASS else number_of.get(groups[label], REST) for label in labels.tolist()
    ]
    return np.array(series, dtype=np.int64), names


def _dots(axes: Axes, xy: NDArray[np.float32], *, colour: str) -> None:
    """Draw dots as one path of zero-length strokes with round ends: a tenth of the size of separate markers."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if len(xy) == 0:
        return
    path = Path(np.repeat(xy, 2, axis=0), [Path.MOVETO, Path.LINETO] * len(xy))
    path.should_simplify = False
    axes.add_patch(
        PathPatch(path, edgecolor=colour, facecolor="none", linewidth=3.4, capstyle="round", alpha=0.8)
    )


def _name_places(points: EmbeddingMap) -> list[tuple[int, tuple[float, float]]]:
    """Where to write the names of the largest classes: at the point nearest to the class's median."""
    indices, counts = np.unique(points.labels[points.labels != UNKNOWN_CLASS], return_counts=True)
    places: list[tuple[int, tuple[float, float]]] = []
    for index in indices[np.argsort(-counts, kind="stable")][:NAMED_LEAVES]:
        own = points.xy[points.labels == index]
        x, y = own[np.square(own - np.median(own, axis=0)).sum(axis=1).argmin()]
        if all(abs(y - other[1]) > 0.05 or abs(x - other[0]) > 0.28 for _, other in places):
            places.append((int(index), (float(x), float(y))))
    return places
