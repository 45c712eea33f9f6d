"""The `resample` stage: class balance of the training rows of every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.pipeline import Arrays, StageContext, TableFile, stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.embeddings import EmbeddingStore
    from smartprod.fusion import LearningData, Representation


def check_other_images(config: Config) -> None:
    """Refuse to add images that would lie where nothing was aligned to.

    Raises:
        UsageError: (SP540) Embeddings are aligned across domains, too.
    """
    if config.resample.other_images.minimum and config.fuse.align.method != "none":
        raise UsageError(
            "SP540",
            "other images cannot fill classes whose embeddings are aligned across domains",
            where="resample.other_images.minimum, fuse.align.method",
            fix="set one of them to 0 or none",
        )


@stage(
    "resample",
    reads=["products", "embedding_index", "split", "representations"],
    streams=["products"],
    writes=["training_rows", "other_images"],
    config=["resample", "catalog.category_separator", "run.seed"],
    libraries=["imbalanced-learn", "scikit-learn"],
    packages=["smartprod.embeddings", "smartprod.fusion", "smartprod.state"],
    check=check_other_images,
)
def resample(
    context: StageContext,
    products: TableFile,
    embedding_index: pa.Table,
    split: pa.Table,
    representations: Path,
) -> dict[str, object]:
    """Balance the classes of the training rows; validation and test rows are never touched."""
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import alignment_request, load_learning_data, load_representations
    from smartprod.resampling.filling import load_spares, mark_added
    from smartprod.resampling.other_images import no_other_images
    from smartprod.resampling.training_rows import resample_fold

    store = EmbeddingStore(store_folder(context.config))
    alignment = alignment_request(context.config)
    data = load_learning_data(embedding_index, split, store, alignment=alignment)
    config = context.config.resample
    other_images, spares = no_other_images(embedding_index), None
    if config.other_images.minimum:
        other_images = _find_other_images(context, products, data, embedding_index, store)
        spares = load_spares(other_images, data, store, up_to=config.other_images.up_to)
    arrays: dict[str, np.ndarray] = {}
    for fold in (*data.folds, data.final()):
        fitted = load_representations(representations, fold.name)
        arrays |= resample_fold(data, fold, fitted, config=config, seed=context.seed, spares=spares)
    if spares is not None:
        other_images = mark_added(other_images, spares.numbers[spares.of_fold(data, data.final())])
    context.rows(len(data.rows), len(data.rows))
    context.say(f"method {config.method}: {len(data.rows)} training rows, {_per_class(data.labels)}")
    if spares is not None:
        _tell_filling(context, data, other_images)
    _tell_methods(context, data, arrays, fitted)
    return {"training_rows": Arrays(arrays), "other_images": other_images}


def _find_other_images(
    context: StageContext,
    products: TableFile,
    data: LearningData,
    index: pa.Table,
    store: EmbeddingStore,
) -> pa.Table:
    """Embed and judge the other images of the products of small classes."""
    from smartprod.embeddings import encoders_of, with_finetuned_encoders
    from smartprod.resampling.class_names import thresholds_by_class
    from smartprod.resampling.other_images import judge_other_images, list_other_images, small_classes

    config = context.config.resample.other_images
    thresholds = thresholds_by_class(
        data.classes,
        similarity=config.similarity,
        exceptions=config.exceptions,
        separator=context.config.catalog.category_separator,
    )
    for note in thresholds.notes:
        context.say(note)
    listed = list_other_images(products, data, small_classes(data, config.minimum))
    with context.progress(len(listed), "other images", unit="images") as meter:
        return judge_other_images(
            listed,
            index,
            config=with_finetuned_encoders(context.config, context.run, encoders_of(index)),
            thresholds=thresholds.by_class,
            store=store,
            threads=context.threads,
            advance=meter.advance,
        )


def _tell_filling(context: StageContext, data: LearningData, other_images: pa.Table) -> None:
    import numpy as np

    from smartprod.resampling.other_images import account_lines, small_classes

    counts = np.bincount(data.labels[data.products.image.present], minlength=len(data.classes))
    small = small_classes(data, context.config.resample.other_images.minimum)
    before = {name: int(counts[data.classes.index(name)]) for name in small}
    refused = sum(reason is not None for reason in other_images["refused"].to_pylist())
    added = int(np.asarray(other_images["added"].to_numpy(zero_copy_only=False)).sum())
    context.say(
        f"{len(small)} classes with fewer than {context.config.resample.other_images.minimum} rows: "
        f"{other_images.num_rows} other images, {refused} refused, {added} added"
    )
    for line in account_lines(other_images, before):
        context.say(line)
    context.metric("other_images_added", added)
    context.metric("other_images_refused", refused)


def _tell_methods(
    context: StageContext,
    data: LearningData,
    arrays: Mapping[str, np.ndarray],
    fitted: Mapping[str, Representation],
) -> None:
    from smartprod.fusion import FINAL_FOLD
    from smartprod.resampling.resample import SELECTING, single_row_classes
    from smartprod.resampling.training_rows import training_set, usable_rows

    config = context.config.resample
    if config.method == "none" and not config.other_images.minimum:
        return
    for representation in fitted.values():
        before = usable_rows(data, data.final().train, representation)
        after = training_set(arrays, data, FINAL_FOLD, representation)
        context.say(
            f"  {representation.name:7} {len(before)} rows, {_per_class(data.labels[before])} "
            f"-> {len(after.labels)} rows, {_per_class(after.labels)}"
        )
        alone = single_row_classes(data.labels[before])
        if alone and config.method not in SELECTING:
            context.say(f"  {'':7} {alone} classes have a single row, no neighbour, and stay as they are")


def _per_class(labels: np.ndarray) -> str:
    import numpy as np

    counts = np.unique(labels, return_counts=True)[1]
    return f"{counts.min()} to {counts.max()} per class"
