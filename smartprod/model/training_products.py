"""The training products that a model folder keeps: what its card says of them, and how they are left out of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from smartprod.config import KeptProducts
from smartprod.decision import Decider
from smartprod.model.card import CARD_FILE
from smartprod.model.record import read_record, write_record
from smartprod.model.reference import REFERENCE_FOLDER
from smartprod.model.shown_products import SHOWN_FILE
from smartprod.model.verification import write_manifest

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTS_HEADING = "## Training products in this folder"
_NEXT_HEADING = "## Use"
_KEPT = {
    "full": "embeddings, categories, ids, titles and small photos of some held-out training products (`reference/`): they are shown as "
    "similar products, and measure a change of classes. Whoever gets this folder sees them.",
    "embeddings": "embeddings and categories of some held-out training products (`reference/`), which measure a change of classes; "
    "no titles and no photos.",
    "none": "no reference products: no similar ones are shown, and classes cannot be added or merged.",
}


def kept_products(folder: Path) -> KeptProducts:
    """What a model folder keeps of the products that it was trained on."""
    if not (folder / REFERENCE_FOLDER).is_dir():
        return "none"
    return "full" if (folder / REFERENCE_FOLDER / SHOWN_FILE).is_file() else "embeddings"


def told_products(folder: Path) -> str:
    """Say in one line what a model folder keeps of the products that it was trained on."""
    return {
        "full": "embeddings, titles and small photos of some",
        "embeddings": "embeddings of some, no titles, no photos",
        "none": "none",
    }[kept_products(folder)]


def products_section(kept: KeptProducts, decider: Decider) -> list[str]:
    """The section of the card about training products, with the parts of a model that cannot do without some."""
    lines = [PRODUCTS_HEADING, "", f"- It keeps {_KEPT[kept]}"]
    members = {member.name for head in decider.head_set.heads.values() for member in head.members}
    if any("neighbours" in name for name in members):
        lines.append(
            "- Its nearest-neighbour head answers by embeddings of training rows, which are part of it."
        )
    if decider.settings.open_set == "knn" and decider.settings.open_set_thresholds:
        lines.append(
            "- Its open-set check (`knn`) compares with embeddings of training rows, which are part of it."
        )
    return lines


def leave_out_products(folder: Path, decider: Decider, *, keep: KeptProducts) -> KeptProducts:
    """Leave out of a model folder what it keeps beyond `keep`, and say so in its record, card and manifest.

    Args:
        folder: The model folder, which is changed.
        decider: Its decider.
        keep: The most that is kept.

    Returns:
        What is kept now; less than `keep` where there was less already.
    """
    order = get_args(KeptProducts)
    kept = kept_products(folder)
    if order.index(keep) >= order.index(kept):
        return kept
    if keep == "none":
        shutil.rmtree(folder / REFERENCE_FOLDER)
    else:
        (folder / REFERENCE_FOLDER / SHOWN_FILE).unlink()
    record = read_record(folder)
    export = record.config.export.model_copy(update={"reference": keep})
    write_record(replace(record, config=record.config.model_copy(update={"export": export})), folder)
    card = folder / CARD_FILE
    text = with_section(card.read_text(encoding="utf-8"), products_section(keep, decider))
    card.write_text(text, encoding="utf-8", newline="\n")
    write_manifest(folder)
    return keep


def with_section(card: str, section: list[str]) -> str:
    """Put the section about training products into a card, in place of one that is there."""
    before, has_section, after = card.partition(f"{PRODUCTS_HEADING}\n")
    if has_section:
        _, heading, rest = after.partition("\n## ")
    else:
        before, heading, rest = card.partition(_NEXT_HEADING)
        heading = f"\n{heading}" if heading else ""
    return before + "\n".join([*section, ""]) + heading + rest
