"""The chart of the embedding map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import UNKNOWN_CLASS
from smartprod.evaluation.embedding_map import EmbeddingMap
from smartprod.evaluation.plots.canvas import (
    INK,
    MUTED,
    PALETTE,
    PAPER,
    SERIES,
    Chart,
    LegendEntry,
    add_hover,
    new_figure,
    shorten,
    to_chart,
)

NAMED_LEAVES = 16
"""So many of the largest classes are named on the map."""

REST = -1


@dataclass(frozen=True, slots=True)
class MapCaption:
    """What a pointer on a dot of the map tells.

    Attributes:
        photo: Data URI of a small photo; empty for none.
        title: Of the product.
        label: Its category.
        verdict: What the chosen head made of it; empty where it was not tested.
    """

    photo: str
    title: str
    label: str
    verdict: str = ""


def map_chart(
    points: EmbeddingMap,
    captions: Sequence[MapCaption],
    *,
    groups: tuple[str, ...],
    leaves: tuple[str, ...],
    wrong: frozenset[int],
) -> Chart:
    """Draw the map: colour is the group of categories, names are the largest classes, rings are wrong answers.

    Args:
        points: Positions and labels of M products.
        captions: What is told of each, length M.
        groups: Ancestor category whose colour each class has, length C.
        leaves: Short name of each class, length C.
        wrong: Rows that the chosen head answered wrongly.
    """
    series, names = _series(points.labels, groups)
    reach = np.abs(points.xy).max(axis=0) + 0.06
    drawn = new_figure(
        height=560,
        tools=("pan", "box_zoom"),
        x_range=(-float(reach[0]), float(reach[0])),
        y_range=(-float(reach[1]), float(reach[1])),
    )
    dots = []
    for number in (REST, *range(len(names))):
        chosen = np.flatnonzero(series == number)
        colour = MUTED if number == REST else SERIES[number]
        told = [captions[place] for place in chosen.tolist()]
        data = {
            "x": points.xy[chosen, 0],
            "y": points.xy[chosen, 1],
            "photo": [caption.photo for caption in told],
            "title": [shorten(caption.title, length=90) for caption in told],
            "label": [caption.label for caption in told],
            "verdict": [caption.verdict for caption in told],
        }
        dots.append(
            drawn.scatter(
                "x",
                "y",
                size=6,
                color=colour,
                alpha=0.8,
                line_color=None,
                source=data,
                name=f"group-{number}",
            )
        )
    ringed = points.xy[[row in wrong for row in points.rows.tolist()]]
    drawn.scatter(ringed[:, 0], ringed[:, 1], size=10, fill_color=None, line_color=INK, line_width=1.3)
    _write_names(drawn, points, leaves)
    drawn.axis.visible = False
    drawn.grid.grid_line_color = None
    add_hover(
        drawn,
        dots,
        '<img src="@photo" alt="" style="display:block;max-width:96px;max-height:96px;background:#fff">'
        "<b>@label</b> @verdict<br>@title",
    )
    legend = [
        LegendEntry(PALETTE[SERIES[number]], name, glyphs=f"group-{number}")
        for number, name in enumerate(names)
    ]
    if (series == REST).any():
        legend.append(LegendEntry("muted", "others", glyphs=f"group-{REST}"))
    label = f"Map of the embeddings of {len(points.rows)} products, coloured by group of categories"
    return to_chart(drawn, label=label, width=900, legend=tuple(legend))


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


def _write_names(drawn: object, points: EmbeddingMap, leaves: tuple[str, ...]) -> None:
    places = _name_places(points)
    drawn.text(  # type: ignore[attr-defined]
        [x for _, (x, _) in places],
        [y for _, (_, y) in places],
        [shorten(leaves[index], length=20) for index, _ in places],
        y_offset=-6,
        text_align="center",
        text_font_size="11px",
        text_color=INK,
        background_fill_color=PAPER,
        background_fill_alpha=0.7,
        padding=1,
        border_radius=3,
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
