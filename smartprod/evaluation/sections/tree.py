"""The category tree: scores that know it, accuracy at every node, costs of mistakes, groups of categories that are alike."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.costs import CostSummary
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.hierarchy import NodeScore, TreeSummary
from smartprod.evaluation.macro_categories import MacroCategories
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.per_class import LevelScore
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.dendrogram import dendrogram_chart
from smartprod.evaluation.plots.tree import tree_chart
from smartprod.evaluation.summary import Evaluation

OPEN_LINES = 40
"""A tree of more nodes is folded at its top level."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree with those below it.

    Attributes:
        name: Its last level.
        score: How it fared.
        below: Its children.
    """

    name: str
    score: NodeScore
    below: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class CategoryTree:
    """The tree in figures.

    Attributes:
        part, head, chosen: Which answers these are, and the chosen head.
        names: Short names of the classes.
        tree: Hierarchical scores; None where the categories are no paths.
        levels: Scores by level.
        branches: The top nodes with all below them.
        unfolded: Whether the tree is short enough to be shown open.
        sunburst: The same as a chart.
        costs: What mistakes cost, or None.
        macro: Groups of categories that are alike, or None.
        dendrogram: Their tree, or None.
    """

    part: str
    head: str
    chosen: str
    names: tuple[str, ...]
    tree: TreeSummary | None
    levels: tuple[LevelScore, ...]
    branches: tuple[Branch, ...]
    unfolded: bool
    sunburst: Chart | None
    costs: CostSummary | None
    macro: MacroCategories | None
    dendrogram: Chart | None


def tree_section(data: ReportData, evaluation: Evaluation, names: tuple[str, ...]) -> PageSection | None:
    """Tell what the tree tells; None where categories are no paths, have no costs and no groups."""
    tree, macro = evaluation.tree, data.macro_categories
    if tree is None and evaluation.costs is None and macro is None:
        return None
    content = CategoryTree(
        part=evaluation.part,
        head=evaluation.head.name,
        chosen=data.chosen.name,
        names=names,
        tree=tree,
        levels=tuple(evaluation.levels),
        branches=_branches(list(tree.nodes), separator=data.separator) if tree else (),
        unfolded=tree is not None and len(tree.nodes) <= OPEN_LINES,
        sunburst=tree_chart(tree.nodes, separator=data.separator) if tree else None,
        costs=evaluation.costs,
        macro=macro,
        dendrogram=dendrogram_chart(macro, names) if macro else None,
    )
    return PageSection("tree", "The category tree", "tree.html.j2", content)


def _branches(nodes: list[NodeScore], *, separator: str) -> tuple[Branch, ...]:
    """Nest nodes that come parents first."""
    found = []
    start = 0
    while start < len(nodes):
        end = start + 1
        while end < len(nodes) and nodes[end].depth > nodes[start].depth:
            end += 1
        below = _branches(nodes[start + 1 : end], separator=separator)
        found.append(Branch(nodes[start].path.split(separator)[-1], nodes[start], below))
        start = end
    return tuple(found)
