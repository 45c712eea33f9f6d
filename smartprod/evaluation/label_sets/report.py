"""The report on several labels: one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.evaluation.report import report_environment
from smartprod.evaluation.thumbnails import Thumbnail, thumbnail
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.evaluation.label_sets.data import LabelEvaluation

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


def build_label_report(
    evaluation: LabelEvaluation,
    *,
    products: pa.Table,
    config: Config,
    split_account: Mapping[str, Sequence[str]],
    leaderboard: Sequence[Mapping[str, Any]],
) -> str:
    """Build the report.

    Args:
        evaluation: The figures.
        products: The product table, for the examples.
        config: The configuration in force.
        split_account: The artefact of that name.
        leaderboard: The artefact `label_leaderboard`.

    Returns:
        One HTML document that loads nothing from anywhere.
    """
    import yaml

    return (
        report_environment()
        .get_template("label_report.html.j2")
        .render(
            run_name=config.run.name,
            evaluation=evaluation,
            scores=evaluation.scores,
            tiles=_tiles(evaluation, products, config),
            accounts={name.replace("_", " "): list(lines) for name, lines in split_account.items() if lines},
            leaderboard=leaderboard,
            separator=config.catalog.category_separator,
            config_yaml=yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        )
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
