"""Examples to click, from the products that the model folder shows, and small copies of photos."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.embeddings import ImageLimits, ImageProblem, decode_image
from smartprod.model import small_photo

if TYPE_CHECKING:
    from smartprod.explanation import SimilarProducts
    from smartprod.page.limits import PageLimits

_MOST = 6
_PREVIEW_SIDE = 360


@dataclass(frozen=True, slots=True)
class Example:
    """A product to click: its photo as a file, and its title."""

    photo: Path
    title: str


def write_examples(similar: SimilarProducts, folder: Path) -> list[Example]:
    """Write some products of different categories as files."""
    folder.mkdir(parents=True, exist_ok=True)
    by_category = {
        product.category: product
        for product in similar.shown
        if product.photo and product.title and product.category
    }
    names = sorted(name for name in by_category if name is not None)
    chosen = [by_category[name] for name in names[:: max(1, len(names) // _MOST)]][:_MOST]
    examples = []
    for number, product in enumerate(chosen):
        path = folder / f"example-{number + 1}.jpg"
        path.write_bytes(product.photo or b"")
        examples.append(Example(path, product.title or ""))
    return examples


def small_copy(photo: Path, limits: PageLimits) -> str | None:
    """Make a small copy of a photo as a data URI; None where it cannot be shown."""
    if photo.stat().st_size > limits.photo_megabytes * 1e6:
        return None
    try:
        pixels = decode_image(
            photo.read_bytes(),
            min_side=_PREVIEW_SIDE,
            limits=ImageLimits(limits.photo_megapixels, limits.photo_megabytes),
        )
    except ImageProblem:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(small_photo(pixels, side=_PREVIEW_SIDE)).decode(
        "ascii"
    )
