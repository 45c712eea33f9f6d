"""The category tree as a sunburst: the top level inside, the leaves outside, coloured by the share of mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, isnan, pi, sin

from smartprod.evaluation.hierarchy import NodeScore
from smartprod.evaluation.plots.canvas import (
    ACCENT,
    BAD,
    INK,
    MUTED,
    PAPER,
    Chart,
    add_hover,
    make_square,
    new_figure,
    shorten,
    to_chart,
)

HOLE = 0.6
"""Radius of the empty middle, in widths of a ring."""

NAMES = "names"
"""Name of the written names, which the page's script shows only where the chart is wide enough."""

READABLE_ARC = 0.16
"""A node is named where its arc is as long as this many widths of a ring."""


def tree_chart(nodes: Sequence[NodeScore], *, separator: str) -> Chart:
    """Draw the category tree as a sunburst.

    Args:
        nodes: Scores of all nodes, parents before their children.
        separator: What separates the levels of a path.
    """
    spans = leaf_spans(nodes)
    leaves = max((end for _, end in spans), default=1)
    depth = max((node.depth for node in nodes), default=1)
    edge = depth + HOLE + 0.02
    drawn = new_figure(height=520, x_range=(-edge, edge), y_range=(-edge, edge))
    make_square(drawn)
    # Clockwise from the top, as a reader of a clock expects.
    angles = [tuple(pi / 2 - 2 * pi * place / leaves for place in span) for span in spans]
    wrong = [0.0 if isnan(node.recall) else 1 - node.recall for node in nodes]
    data = {
        "inner": [node.depth - 1 + HOLE for node in nodes],
        "outer": [node.depth - 0.02 + HOLE for node in nodes],
        "start": [start for start, _ in angles],
        "end": [end for _, end in angles],
        "colour": [
            MUTED if isnan(node.recall) else BAD if share else ACCENT
            for node, share in zip(nodes, wrong, strict=True)
        ],
        "alpha": [
            0.15 if isnan(node.recall) else 0.15 + 0.8 * share if share else 0.3
            for node, share in zip(nodes, wrong, strict=True)
        ],
        "path": [node.path for node in nodes],
        "figure": [node_figure(node) for node in nodes],
    }
    wedges = drawn.annular_wedge(
        0,
        0,
        inner_radius="inner",
        outer_radius="outer",
        start_angle="start",
        end_angle="end",
        direction="clock",
        color="colour",
        alpha="alpha",
        line_color=PAPER,
        line_alpha=1,
        source=data,
    )
    _write_names(drawn, nodes, angles, separator=separator)
    drawn.axis.visible = False
    drawn.grid.grid_line_color = None
    add_hover(drawn, [wedges], "<b>@path</b><br>@figure")
    label = f"Category tree of {len(nodes)} nodes, coloured by the share of mistakes"
    return to_chart(drawn, label=label, width=540)


def node_figure(node: NodeScore) -> str:
    """How much of a node's products is found, in words; only what is all found is 100 %."""
    if isnan(node.recall):
        return "no products to test it with"
    share = 100 if node.recall == 1 else min(round(100 * node.recall), 99)
    return f"{share} % of {node.rows:,} found"


def leaf_spans(nodes: Sequence[NodeScore]) -> list[tuple[int, int]]:
    """First and one past the last leaf of each node; parents come before their children."""
    spans: list[tuple[int, int]] = [(0, 0)] * len(nodes)
    open_nodes: list[int] = []
    leaves = 0
    for number, node in enumerate(nodes):
        while open_nodes and nodes[open_nodes[-1]].depth >= node.depth:
            closed = open_nodes.pop()
            spans[closed] = (spans[closed][0], leaves)
        spans[number] = (leaves, leaves)
        open_nodes.append(number)
        if number + 1 == len(nodes) or nodes[number + 1].depth <= node.depth:
            leaves += 1
    for number in open_nodes:
        spans[number] = (spans[number][0], leaves)
    return spans


def _write_names(
    drawn: object, nodes: Sequence[NodeScore], angles: Sequence[tuple[float, ...]], *, separator: str
) -> None:
    """Write the names along the radius, turned so that none stands on its head."""
    x, y, names, turns = [], [], [], []
    for node, (start, end) in zip(nodes, angles, strict=True):
        radius, middle = node.depth - 0.5 + HOLE, (start + end) / 2
        if (start - end) * radius < READABLE_ARC:
            continue
        x.append(radius * cos(middle))
        y.append(radius * sin(middle))
        names.append(shorten(node.path.split(separator)[-1], length=11))
        turns.append(middle if cos(middle) >= 0 else middle + pi)
    drawn.text(  # type: ignore[attr-defined]
        x,
        y,
        names,
        angle=turns,
        text_align="center",
        text_baseline="middle",
        text_font_size="9px",
        text_color=INK,
        name=NAMES,
    )
