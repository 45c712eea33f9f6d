"""The category tree as an icicle: a column for each level, every node as high as its leaves, coloured by mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from smartprod.evaluation.hierarchy import NodeScore
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAVES = 160
"""More leaves than this are not drawn: the tree is cut at the deepest level that has no more nodes."""

_COLUMN = 2.1  # inches
_LEAF = 0.155


def tree_chart(nodes: Sequence[NodeScore], *, separator: str) -> Chart | None:
    """Draw the share of each node's rows that was answered within it.

    Args:
        nodes: Scores of the nodes, parents before their children, in the order of their paths.
        separator: What separates the levels of a path.

    Returns:
        The chart; None where even the top level has too many nodes.
    """
    depth = _deepest_level(nodes)
    if depth == 0:
        return None
    shown = [node for node in nodes if node.depth <= depth]
    spans = _spans(shown)
    leaves = max(end for _, end in spans)
    with look():
        figure = new_figure(_COLUMN * depth + 0.1, _LEAF * leaves + 0.1)
        axes = figure.subplots()
        for node, (start, end) in zip(shown, spans, strict=True):
            _draw(axes, node, start, end, name=node.path.split(separator)[-1])
        axes.set(xlim=(0, depth), ylim=(leaves, 0))
        axes.set_axis_off()
        return to_chart(
            figure, label=f"Category tree of {len(shown)} nodes, coloured by the share of mistakes"
        )


def _deepest_level(nodes: Sequence[NodeScore]) -> int:
    """The deepest level down to which the tree has few enough leaves to draw, 0 where none has."""
    depth = max((node.depth for node in nodes), default=0)
    while depth and max(end for _, end in _spans([node for node in nodes if node.depth <= depth])) > LEAVES:
        depth -= 1
    return depth


def _spans(nodes: Sequence[NodeScore]) -> list[tuple[int, int]]:
    """First and one past the last leaf of each node; a node without shown children is one leaf."""
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


def _draw(axes: Axes, node: NodeScore, start: int, end: int, *, name: str) -> None:
    from matplotlib.patches import Rectangle

    tested = not isnan(node.recall)
    wrong = 1 - node.recall if tested else 0.0
    colour = MUTED if not tested else BAD if wrong else ACCENT
    strength = 0.1 if not tested else 0.12 + 0.78 * wrong if wrong else 0.22
    axes.add_patch(
        Rectangle(
            (node.depth - 1, start),
            0.985,
            end - start,
            facecolor=colour,
            alpha=strength,
            edgecolor=PAPER,
            linewidth=0.8,
        )
    )
    middle = (start + end) / 2
    ink = PAPER if strength > 0.75 else INK
    axes.text(node.depth - 0.98, middle, shorten(name, length=24), va="center", fontsize=6.5, color=ink)
    # Only what is all found is 100 %.
    figure = (
        f"{100 if not wrong else min(round(100 * node.recall), 99)} % of {node.rows:,}"
        if tested
        else "no rows"
    )
    axes.text(
        node.depth - 0.035,
        middle,
        figure,
        va="center",
        ha="right",
        fontsize=5.8,
        color=ink if tested else MUTED,
    )
