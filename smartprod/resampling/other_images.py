"""Other images of the products of small classes: embedded, compared with the main image, kept or refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.catalog import Status, reason_column, status_column
from smartprod.embeddings import Extractor, load_embeddings
from smartprod.encoders import configure_offline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from smartprod.config import Config
    from smartprod.embeddings import EmbeddingStore
    from smartprod.fusion import LearningData
    from smartprod.pipeline import TableFile

OTHER_IMAGES_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("image_keys", pa.list_(pa.string()), nullable=False),
        pa.field("similarity", pa.float32()),
        pa.field("threshold", pa.float32(), nullable=False),
        pa.field("refused", pa.string()),
        pa.field("added", pa.bool_(), nullable=False),
    ]
)
"""An embedding index of images instead of rows (`image_keys`: of the image, empty where unreadable; the metadata names the
encoders). `row`: the product's; `refused`: why the image is not taken, null where it may be; `added`: whether the final
heads learn from it, which a full class has no need of."""

UNLIKE = "unlike the main image"
SAME_FILE = "the same file as the main image"
OTHER_PRODUCT = "the photo of another product"
LISTED_BEFORE = "listed by another product too"
SEVERAL_CLASSES = "listed by products of several classes"

_PRODUCTS_PER_BATCH = 4_096
_IMAGES_PER_BATCH = 2_048


@dataclass(frozen=True, slots=True)
class Listed:
    """An other image that a product lists.

    Attributes:
        row: The product's, in the table.
        path: File or address.
        label: The product's class.
    """

    row: int
    path: str
    label: str


def small_classes(data: LearningData, minimum: int) -> tuple[str, ...]:
    """The classes with fewer than `minimum` learning rows that have an image."""
    counts = np.bincount(data.labels[data.products.image.present], minlength=len(data.classes))
    return tuple(name for name, count in zip(data.classes, counts, strict=True) if count < minimum)


def list_other_images(products: TableFile, data: LearningData, classes: Iterable[str]) -> list[Listed]:
    """List the other images of the learning rows of some classes, product by product as the table lists them.

    Args:
        products: The product table, read in pieces.
        data: The learning rows; those without an image embedding have nothing to compare with and are left out.
        classes: Names of the classes.
    """
    wanted = set(classes)
    label_of = {
        row: data.classes[label]
        for row, label, pictured in zip(
            data.rows.tolist(), data.labels.tolist(), data.products.image.present.tolist(), strict=True
        )
        if pictured and data.classes[label] in wanted
    }
    found = []
    for batch in products.batches(_PRODUCTS_PER_BATCH, columns=["row", "images"]):
        for row, paths in zip(batch["row"].to_pylist(), batch["images"].to_pylist(), strict=True):
            if row in label_of:
                others = dict.fromkeys((paths or [])[1:])
                found += [Listed(row, path, label_of[row]) for path in others]
    return found


def judge_other_images(
    listed: Sequence[Listed],
    index: pa.Table,
    *,
    config: Config,
    thresholds: Mapping[str, float],
    store: EmbeddingStore,
    threads: int,
    advance: Callable[[int], None] = lambda images: None,
) -> pa.Table:
    """Embed other images by the encoders of the index, and say which of them may be learned from.

    An image is refused where it cannot be read, is the photo of any product of the table (which may stand in another
    part or fold), is listed by products of different classes or by an earlier product, or is less similar to its
    product's main image than its class asks for. Embeddings go to the store, so nothing is computed twice.

    Args:
        listed: What to judge.
        index: The embedding index of all rows.
        config: The configuration.
        thresholds: Least cosine of each class.
        store: The embedding store.
        threads: Threads for decoding and the models.
        advance: Told how many more images are done.

    Returns:
        One row for each of `listed`, in order (`OTHER_IMAGES_SCHEMA`), none `added` yet.
    """
    keys, unreadable = _embed(listed, config=config, store=store, threads=threads, advance=advance)
    similarity = _similarity(listed, keys, index, store)
    photos = {key for row in index["image_keys"].to_pylist() for key in row}
    classes_of: dict[str, set[str]] = {}
    for each, key in zip(listed, keys, strict=True):
        classes_of.setdefault(key or "", set()).add(each.label)
    own = index["image_keys"].take([each.row for each in listed]).to_pylist()
    seen: set[str] = set()
    refused: list[str | None] = []
    for number, (each, key) in enumerate(zip(listed, keys, strict=True)):
        if key is None:
            refused.append(unreadable[number])
        elif key in own[number]:
            refused.append(SAME_FILE)
        elif key in photos:
            refused.append(OTHER_PRODUCT)
        elif len(classes_of[key]) > 1:
            refused.append(SEVERAL_CLASSES)
        elif key in seen:
            refused.append(LISTED_BEFORE)
        else:
            refused.append(UNLIKE if similarity[number] < thresholds[each.label] else None)
            seen.add(key)
    columns = {
        "row": [each.row for each in listed],
        "path": [each.path for each in listed],
        "label": [each.label for each in listed],
        "image_keys": [[key] if key is not None else [] for key in keys],
        "similarity": [
            None if key is None else float(value) for key, value in zip(keys, similarity, strict=True)
        ],
        "threshold": [thresholds[each.label] for each in listed],
        "refused": refused,
        "added": [False] * len(listed),
    }
    return pa.table(columns, schema=OTHER_IMAGES_SCHEMA.with_metadata(index.schema.metadata))


def no_other_images(index: pa.Table) -> pa.Table:
    """The table of a run that looks at no other images."""
    return OTHER_IMAGES_SCHEMA.with_metadata(index.schema.metadata).empty_table()


def account_lines(other_images: pa.Table, before: Mapping[str, int]) -> list[str]:
    """What became of the other images of each class, the smallest class first.

    Args:
        other_images: What was judged, with what was added.
        before: Training rows of each filled class.
    """
    labels = other_images["label"].to_pylist()
    refused = other_images["refused"].to_pylist()
    listed, added = (
        Counter(labels),
        Counter(np.asarray(labels, object)[np.asarray(other_images["added"].to_pylist(), bool)].tolist()),
    )
    kept = Counter(label for label, reason in zip(labels, refused, strict=True) if reason is None)
    lines = [
        f"  {name}: {rows} rows, {listed[name]} other images, {kept[name]} alike -> {rows + added[name]} rows"
        for name, rows in sorted(before.items(), key=lambda item: (item[1], item[0]))
    ]
    reasons = Counter(reason for reason in refused if reason is not None)
    return [*lines, *(f"  refused, {reason}: {count}" for reason, count in reasons.most_common())]


def _embed(
    listed: Sequence[Listed],
    *,
    config: Config,
    store: EmbeddingStore,
    threads: int,
    advance: Callable[[int], None],
) -> tuple[list[str | None], list[str | None]]:
    """Give each image its content key, once its embeddings are in the store, or the reason why it has none."""
    configure_offline(config)
    section = config.extract.model_copy(update={"text": (), "images_per_product": 1})
    keys: list[str | None] = []
    reasons: list[str | None] = []
    with Extractor.open(
        config.model_copy(update={"extract": section}), store=store, threads=threads
    ) as extractor:
        for start in range(0, len(listed), _IMAGES_PER_BATCH):
            part = listed[start : start + _IMAGES_PER_BATCH]
            rows = pa.table(
                {
                    "row": range(len(part)),
                    "images": [[each.path] for each in part],
                    status_column("images"): [Status.OK.value] * len(part),
                    reason_column("images"): pa.nulls(len(part), pa.string()),
                }
            )
            embedded = extractor.embed_images(rows, sink=store, advance=advance)
            keys += embedded["image_key"].to_pylist()
            reasons += embedded[reason_column("images")].to_pylist()
    return keys, reasons


def _similarity(
    listed: Sequence[Listed], keys: Sequence[str | None], index: pa.Table, store: EmbeddingStore
) -> np.ndarray:
    """Cosine of each image to its product's main image, the mean over the encoders; 0 where it has no key; float [N]."""
    main = index["image_key"].take([each.row for each in listed]).to_pylist()
    found = np.zeros(len(listed))
    for start in range(0, len(listed), _IMAGES_PER_BATCH):
        part = slice(start, start + _IMAGES_PER_BATCH)
        first, second = (
            load_embeddings(
                pa.table(
                    {"image_keys": [[key] if key else [] for key in column[part]]}
                ).replace_schema_metadata(index.schema.metadata),
                modality="image",
                store=store,
            )
            for column in (main, keys)
        )
        # Each encoder's embedding has length 1.
        found[part] = (first.values * second.values).sum(axis=1) / len(first.sizes)
    return found
