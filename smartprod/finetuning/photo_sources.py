"""Photos beside those of the training rows: masks of their products, and photos of the domain that will be asked about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog import Status, extra_column, status_column
from smartprod.embeddings import find_domain_rows
from smartprod.errors import TrainingError, UsageError
from smartprod.finetuning.images import Photos, count_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from smartprod.config.finetuning import AugmentationConfig
    from smartprod.finetuning.images import PhotoDecoder
    from smartprod.pipeline import StageContext


def masks_of_photos(products: pa.Table, config: AugmentationConfig) -> Mapping[str, Path]:
    """Name the mask of each main photo where a column of the table does; a path out of the folder is no mask.

    Raises:
        UsageError: (SP479) The products do not have the column.
    """
    if config.backgrounds == "none" or config.mask_column is None or config.mask_folder is None:
        return {}
    column, folder = extra_column(config.mask_column), Path(config.mask_folder).resolve()
    if column not in products.column_names:
        raise UsageError(
            "SP479",
            f"The products do not have the column {config.mask_column!r}.",
            where="finetune.image.augmentation.mask_column",
            fix=f"Add {config.mask_column} to catalog.columns.extra, or leave mask_column null.",
        )
    found = {}
    for listed, cell in zip(products["images"].to_pylist(), products[column].to_pylist(), strict=True):
        mask = (folder / cell).resolve() if listed and cell else None
        if mask is not None and mask.is_relative_to(folder):
            found[listed[0]] = mask
    return found


def target_photos(
    context: StageContext, products: pa.Table, split: pa.Table, decoder: PhotoDecoder
) -> Photos:
    """Find the photos of the target domain that may be seen; their labels are not looked at, and count as class 0.

    Raises:
        UsageError: There is no target domain, or none of its photos may be seen (SP477, SP478).
        TrainingError: (SP485) None of them can be read.
    """
    rows = find_domain_rows(
        split["domain"].to_pylist(), split["part"].to_pylist(), context.config.catalog.domains
    )
    context.say(f"unlabelled photos for finetune.image.domain: {rows.line()}")
    statuses, listed = products[status_column("images")].to_pylist(), products["images"].to_pylist()
    paths = [
        listed[row][0] for row in np.flatnonzero(rows.seen) if listed[row] and statuses[row] == Status.OK
    ]
    asked = sorted(set(paths))
    with context.progress(len(asked), "looking at the target domain", unit="photos") as meter:
        problems = decoder.find_problems(asked, meter.advance)
    for line in count_problems(list(problems.values())):
        context.say(line)
    usable = tuple(path for path in paths if path not in problems)
    if len(usable) < 2:
        raise TrainingError(
            "SP485",
            f"{len(usable)} photos of the target domain can be read",
            where="finetune.image.domain, catalog.domains",
            fix="add rows of that domain, labelled or not, or set finetune.image.domain.method to none",
        )
    return Photos(usable, np.zeros(len(usable), np.int64))
