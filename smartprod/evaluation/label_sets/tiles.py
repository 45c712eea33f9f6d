"""Products with what they were given, missed and should not have got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.evaluation.thumbnails import Thumbnail, thumbnail
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.evaluation.label_sets.data import LabelEvaluation

_TILES = 12


@dataclass(frozen=True, slots=True)
class LabelTile:
    """A product and its labels.

    Attributes:
        id: The shop's identifier, or its row.
        title: Its title.
        photo: Its photo.
        right: Labels that were due and given.
        missed: Labels that were due and not given.
        excess: Labels that were given and not due.
        why: Anchor of its explanation in the page; empty without one.
    """

    id: str
    title: str
    photo: Thumbnail
    right: tuple[str, ...]
    missed: tuple[str, ...]
    excess: tuple[str, ...]
    why: str


def label_tiles(
    evaluation: LabelEvaluation,
    places: Sequence[int],
    *,
    products: pa.Table,
    config: Config,
    explained: Collection[int],
) -> list[LabelTile]:
    """Show some of the measured products.

    Args:
        evaluation: The figures.
        places: Positions among the measured rows.
        products: The product table.
        config: The configuration in force.
        explained: Rows of the product table that the page explains.
    """
    answers = evaluation.answers
    labels = np.asarray(answers.labels, dtype=object)
    rows = evaluation.rows[np.asarray(places, dtype=np.int64)]
    found = products.take(rows).select(["id", "title", "images"]).to_pylist()
    tiles = []
    for place, row, product in zip(places, rows.tolist(), found, strict=True):
        due, given = answers.targets[place], answers.given[place]
        images = (image_on_disk(path, config.catalog.remote) for path in product["images"] or ())
        tiles.append(
            LabelTile(
                product["id"] or f"row {row}",
                product["title"] or "",
                thumbnail(tuple(images)),
                tuple(labels[due & given]),
                (*labels[due & ~given], *answers.unknown[place]),
                tuple(labels[given & ~due]),
                f"why-{row}" if row in explained else "",
            )
        )
    return tiles


def worst_places(evaluation: LabelEvaluation) -> list[int]:
    """The products with the most wrong labels, of equally many the first, as positions among the measured rows."""
    answers = evaluation.answers
    missing = np.asarray([len(each) for each in answers.unknown], dtype=np.int64)
    wrong = (answers.targets != answers.given).sum(axis=1) + missing
    return [place for place in np.argsort(-wrong, kind="stable")[:_TILES].tolist() if wrong[place]]
