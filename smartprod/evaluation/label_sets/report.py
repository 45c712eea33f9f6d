"""The report on several labels: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.evaluation.assembly import config_yaml, library_versions, stage_costs
from smartprod.evaluation.data import AccountSection
from smartprod.evaluation.label_sets.data import LabelEvaluation
from smartprod.evaluation.page import PageHead, PageSection, build_page
from smartprod.evaluation.sections.making import Making
from smartprod.evaluation.sections.products import ProductsAccount
from smartprod.evaluation.thumbnails import Thumbnail, thumbnail
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.pipeline import RunFolder

_TILES = 12


@dataclass(frozen=True, slots=True)
class LabelTile:
    """A product whose answer was wrong.

    Attributes:
        id: The shop's identifier, or its row.
        title: Its title.
        photo: Its photo.
        right: Labels that were due and given.
        missed: Labels that were due and not given.
        excess: Labels that were given and not due.
    """

    id: str
    title: str
    photo: Thumbnail
    right: tuple[str, ...]
    missed: tuple[str, ...]
    excess: tuple[str, ...]


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
) -> str:
    """Build the report.

    Args:
        evaluation: The figures.
        products: The product table, for the examples.
        config: The configuration in force.
        run: The run, for what its stages cost.
        split_account: The artefact of that name.
        leaderboard: The artefact `label_leaderboard`.

    Returns:
        One HTML document that loads nothing from anywhere.
    """
    accounts = tuple(
        AccountSection(name.replace("_", " ").capitalize(), tuple(lines))
        for name, lines in split_account.items()
        if lines
    )
    mistakes = LabelMistakes(tuple(_tiles(evaluation, products, config)))
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
            PageSection("wrong", "What did it get wrong?", "label_mistakes.html.j2", mistakes),
            PageSection(
                "config",
                "How this run was made",
                "making.html.j2",
                Making(stage_costs(run), library_versions(), config_yaml(config)),
            ),
        ],
    )


def _tiles(evaluation: LabelEvaluation, products: pa.Table, config: Config) -> list[LabelTile]:
    """The rows with the most wrong labels, of equally many the first."""
    answers = evaluation.answers
    labels = np.asarray(answers.labels, dtype=object)
    missing = np.asarray([len(each) for each in answers.unknown], dtype=np.int64)
    wrong = (answers.targets != answers.given).sum(axis=1) + missing
    places = [place for place in np.argsort(-wrong, kind="stable")[:_TILES].tolist() if wrong[place]]
    found = products.take(evaluation.rows[places]).select(["id", "title", "images"]).to_pylist()
    tiles = []
    for place, product in zip(places, found, strict=True):
        due, given = answers.targets[place], answers.given[place]
        images = (image_on_disk(path, config.catalog.remote) for path in product["images"] or ())
        tiles.append(
            LabelTile(
                product["id"] or f"row {evaluation.rows[place]}",
                product["title"] or "",
                thumbnail(tuple(images)),
                tuple(labels[due & given]),
                (*labels[due & ~given], *answers.unknown[place]),
                tuple(labels[given & ~due]),
            )
        )
    return tiles
