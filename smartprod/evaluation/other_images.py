"""Which other images fill small classes, class by class, with examples that were kept and refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.evaluation.thumbnails import Thumbnail, thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from smartprod.evaluation.data import ProductLookup

EXAMPLES = 8
"""Pairs shown of each kind at most."""


@dataclass(frozen=True, slots=True)
class OtherImage:
    """An other image of a product, as it was judged.

    Attributes:
        row: The product's position in the input table.
        label: Its class.
        path: The file.
        similarity: Cosine to the product's main image; None where it could not be read.
        threshold: What its class asks for.
        refused: Why it was not taken; empty where it may be.
        added: Whether the final heads learn from it.
    """

    row: int
    label: str
    path: Path
    similarity: float | None
    threshold: float
    refused: str
    added: bool


@dataclass(frozen=True, slots=True)
class FilledClass:
    """What other images did for one class.

    Attributes:
        label: Its path.
        products: Its training products.
        listed: Their other images.
        alike: Those that may be taken.
        added: Those that were.
        threshold: Least cosine to the main image.
    """

    label: str
    products: int
    listed: int
    alike: int
    added: int
    threshold: float


@dataclass(frozen=True, slots=True)
class ImagePair:
    """A product's main image beside another one of it."""

    main: Thumbnail
    other: Thumbnail
    title: str
    label: str
    similarity: float


@dataclass(frozen=True, slots=True)
class OtherImagesSection:
    """What the report shows of it.

    Attributes:
        classes: Smallest first.
        kept: The pairs least alike among those that were kept.
        refused: Of those that were refused as unlike the pairs most alike, then those least alike.
        reasons: How many were refused, by reason, most frequent first.
    """

    classes: tuple[FilledClass, ...]
    kept: tuple[ImagePair, ...]
    refused: tuple[ImagePair, ...]
    reasons: tuple[tuple[str, int], ...]


def read_other_images(table: pa.Table | None, on_disk: Callable[[str], Path]) -> tuple[OtherImage, ...]:
    """Read the artefact `other_images`; empty where no class was filled.

    Args:
        table: The artefact.
        on_disk: Where an image listed by path or address lies.
    """
    if table is None:
        return ()
    return tuple(
        OtherImage(
            row=line["row"],
            label=line["label"],
            path=on_disk(line["path"]),
            similarity=line["similarity"],
            threshold=line["threshold"],
            refused=line["refused"] or "",
            added=line["added"],
        )
        for line in table.to_pylist()
    )


def filled_classes(images: Sequence[OtherImage], train_counts: Mapping[str, int]) -> list[FilledClass]:
    """Count the other images of each class, the class with the fewest products first."""
    listed = Counter(image.label for image in images)
    alike = Counter(image.label for image in images if not image.refused)
    added = Counter(image.label for image in images if image.added)
    threshold = {image.label: image.threshold for image in images}
    found = [
        FilledClass(label, train_counts.get(label, 0), listed[label], alike[label], added[label], least)
        for label, least in threshold.items()
    ]
    return sorted(found, key=lambda entry: (entry.products, entry.label))


def other_images_section(
    images: Sequence[OtherImage], train_counts: Mapping[str, int], products: ProductLookup
) -> OtherImagesSection | None:
    """Gather counts and examples; None where no class was filled.

    Examples are those nearest to the threshold, which show whether it stands where it should, and of the refused ones
    also the farthest from it; one for each product.
    """
    if not images:
        return None
    measured = [image for image in images if image.similarity is not None]
    kept = sorted((each for each in measured if not each.refused), key=_similarity)
    unlike = sorted(
        (each for each in measured if each.refused and _similarity(each) < each.threshold),
        key=_similarity,
        reverse=True,
    )
    return OtherImagesSection(
        classes=tuple(filled_classes(images, train_counts)),
        kept=_pairs(kept, products),
        refused=_pairs([*unlike[: EXAMPLES // 2], *unlike[: EXAMPLES // 2 - 1 : -1]], products),
        reasons=tuple(Counter(image.refused for image in images if image.refused).most_common()),
    )


def _similarity(image: OtherImage) -> float:
    return -1.0 if image.similarity is None else image.similarity


def _pairs(images: Sequence[OtherImage], products: ProductLookup) -> tuple[ImagePair, ...]:
    chosen: dict[int, OtherImage] = {}
    for image in images:
        chosen.setdefault(image.row, image)
    shown = list(chosen.values())[:EXAMPLES]
    found = products([image.row for image in shown]) if shown else {}
    return tuple(
        ImagePair(
            main=thumbnail(found[image.row].images),
            other=thumbnail((image.path,)),
            title=found[image.row].title,
            label=image.label,
            similarity=_similarity(image),
        )
        for image in shown
        if image.row in found
    )
