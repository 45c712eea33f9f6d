"""The CSV files of the demo catalogue: the two parts and the truth kept aside."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from smartprod.demo.broken import break_cells
from smartprod.demo.categories import CATEGORIES, UNSEEN
from smartprod.demo.images import has_mask, mask_path
from smartprod.demo.markup import only_markup
from smartprod.demo.plan import ProductPlan
from smartprod.demo.texts import write_text

COLUMNS = (
    "id", "title", "description", "attributes", "category", "image", "other_images", "group_id", "domain", "mask",
    "categories",
)  # fmt: skip
LABEL_COLUMNS = ("category", "categories")
SEPARATOR = "; "
"""Between the paths of a cell of the column `categories`."""

# Nothing in these pictures tells the category, so their texts must.
_TOLD_BY_TEXT = frozenset({"care_bottle", "tea_box"})


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What is known of a row and kept from the model."""

    id: str
    part: str
    true_category: str
    wrong_label: int
    duplicate_of: str
    unseen_class: int
    series: str
    domain: str
    broken: str
    special: str
    image_kinds: str


def write_tables(folder: Path, plans: Sequence[ProductPlan]) -> None:
    """Write products.csv, new.csv (without categories) and truth.csv."""
    labelled = [product_row(p) for p in plans if p.labelled]
    new = [product_row(p) for p in plans if not p.labelled]
    _write(folder / "products.csv", COLUMNS, labelled)
    _write(folder / "new.csv", [c for c in COLUMNS if c not in LABEL_COLUMNS], new)
    truth = [asdict(truth_row(p)) for p in plans]
    _write(folder / "truth.csv", list(truth[0]), truth)


def product_row(plan: ProductPlan) -> dict[str, str]:
    """The cells of a product's row, broken ones included."""
    rng = Random(plan.text_seed)
    leaf = plan.category.leaf
    text = write_text(
        leaf,
        plan.style.name,
        plan.series,
        siblings=_siblings(plan),
        told=plan.category.drawing in _TOLD_BY_TEXT,
        rng=rng,
    )
    row = {
        "id": plan.id,
        "title": text.title,
        "description": text.description,
        "attributes": text.attributes,
        "category": plan.label,
        "image": plan.images[0].path,
        "other_images": json.dumps([i.path for i in plan.images[1:]]),
        "group_id": plan.group_id,
        "domain": plan.domain,
        "mask": mask_path(plan) if has_mask(plan) else "",
        "categories": SEPARATOR.join(_labels(plan)),
    }
    changed = break_cells(plan.broken, plan.id, only_markup(rng))
    row.update({name: value for name, value in asdict(changed).items() if value is not None})
    return row


def truth_row(plan: ProductPlan) -> TruthRow:
    """The truth about a product."""
    return TruthRow(
        id=plan.id,
        part="labelled" if plan.labelled else "new",
        true_category=plan.category.path,
        wrong_label=int(plan.labelled and plan.label != plan.category.path),
        duplicate_of=plan.duplicate_of,
        unseen_class=int(plan.category is UNSEEN),
        series=plan.series,
        domain=plan.domain,
        broken=plan.broken,
        special=plan.special,
        image_kinds=json.dumps([i.kind for i in plan.images]),
    )


def _labels(plan: ProductPlan) -> list[str]:
    """All that a product is filed under in a shop where it may stand on several shelves; none for unlabelled ones."""
    if not plan.labelled:
        return []
    shelves = [plan.label, f"Colour > {plan.style.name.capitalize()}"]
    return [*shelves, "Offers > Series"] if plan.series else shelves


def _siblings(plan: ProductPlan) -> tuple[str, ...]:
    """Leaf categories that a shop would name beside this one: those of the same root."""
    root = plan.category.path.split(" > ", 1)[0]
    leaves = tuple(c.leaf for c in CATEGORIES if c.path.startswith(root + " > ") and c is not plan.category)
    return leaves or tuple(c.leaf for c in CATEGORIES)


def _write(
    path: Path, columns: Iterable[str], rows: Sequence[dict[str, object]] | Sequence[dict[str, str]]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
