"""The report on several labels: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartprod.evaluation.assembly import config_yaml, library_versions, stage_costs
from smartprod.evaluation.data import AccountSection
from smartprod.evaluation.label_sets.data import LabelEvaluation
from smartprod.evaluation.label_sets.explanations import label_explanations_section
from smartprod.evaluation.label_sets.tiles import LabelTile, label_tiles, worst_places
from smartprod.evaluation.page import PageHead, PageSection, build_page
from smartprod.evaluation.sections.making import Making
from smartprod.evaluation.sections.products import ProductsAccount

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.explanation import KeptExplanations
    from smartprod.pipeline import RunFolder


@dataclass(frozen=True, slots=True)
class LabelMistakes:
    """The products with the most wrong labels."""

    tiles: tuple[LabelTile, ...]


@dataclass(frozen=True, slots=True)
class LabelLeaderboard:
    """The candidates of each head."""

    entries: Sequence[Mapping[str, Any]]


def build_label_report(
    evaluation: LabelEvaluation,
    *,
    products: pa.Table,
    config: Config,
    run: RunFolder,
    split_account: Mapping[str, Sequence[str]],
    leaderboard: Sequence[Mapping[str, Any]],
    explanations: KeptExplanations,
) -> str:
    """Build the report.

    Args:
        evaluation: The figures.
        products: The product table, for the examples.
        config: The configuration in force.
        run: The run, for what its stages cost.
        split_account: The artefact of that name.
        leaderboard: The artefact `label_leaderboard`.
        explanations: What the stage `explain-labels` wrote.

    Returns:
        One HTML document that loads nothing from anywhere.
    """
    accounts = tuple(
        AccountSection(name.replace("_", " ").capitalize(), tuple(lines))
        for name, lines in split_account.items()
        if lines
    )
    explained = {each.row for each in explanations.explanations}
    tiles = label_tiles(
        evaluation, worst_places(evaluation), products=products, config=config, explained=explained
    )
    why = label_explanations_section(evaluation, explanations, products=products, config=config)
    head = PageHead(
        config.run.name,
        "Report of the run, several labels per product",
        separator=config.catalog.category_separator,
    )
    return build_page(
        head,
        [
            PageSection("good", "How good is it?", "label_opening.html.j2", evaluation),
            PageSection("data", "The data", "products.html.j2", ProductsAccount(None, accounts)),
            PageSection(
                "heads", "Heads and candidates", "label_heads.html.j2", LabelLeaderboard(leaderboard)
            ),
            PageSection("labels", "Label by label", "label_table.html.j2", evaluation),
            PageSection(
                "wrong", "What did it get wrong?", "label_mistakes.html.j2", LabelMistakes(tuple(tiles))
            ),
            *(() if why is None else (why,)),
            PageSection(
                "config",
                "How this run was made",
                "making.html.j2",
                Making(stage_costs(run), library_versions(), config_yaml(config)),
            ),
        ],
    )
