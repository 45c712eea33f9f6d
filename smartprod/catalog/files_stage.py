"""The stage `split-files`: the split before there are embeddings, photos known by the bytes of their files."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.stages import divide_rows, learned_classes
from smartprod.pipeline import StageContext, stage
from smartprod.remote import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.config.schema import SplitConfig

_BYTES = 16


@stage(
    "split-files",
    reads=["products", "clean_text"],
    writes=["split", "split_account"],
    config=[
        "split",
        "catalog.classes",
        "catalog.category_separator",
        "run.seed",
        "finetune.image.encoder",
        "finetune.text.encoder",
    ],
    libraries=["scikit-learn"],
)
def split_files(context: StageContext, products: pa.Table, clean_text: pa.Table) -> dict[str, object]:
    """Split the rows as `split` does, before any embedding: for encoders that are to learn from the train rows only."""
    import pyarrow as pa

    policy, notes = learned_classes(context, products)
    splitting, told = split_for_finetuning(context.config)
    with context.progress(products.num_rows, "reading the photos' bytes") as meter:
        image_keys = []
        for listed in products["images"].to_pylist():
            image_keys.append(file_key(listed[0] if listed else None))
            meter.advance(1)
    texts = clean_text["text"].to_pylist()
    keys = pa.table(
        {
            "image_key": pa.array(image_keys, pa.string()),
            "text_key": pa.array([_hash([text.encode()]) if text else None for text in texts], pa.string()),
        }
    )
    return divide_rows(
        context, products, clean_text, keys, policy=policy, notes=[*notes, *told], splitting=splitting
    )


def split_for_finetuning(config: Config) -> tuple[SplitConfig, list[str]]:
    """Give the split section, without folds where an encoder learns from the rows, and say so.

    An encoder has seen the train rows: held out in a fold they would still look better than new ones.
    """
    learns = config.finetune.image.encoder is not None or config.finetune.text.encoder is not None
    if not learns or config.split.folds == 1:
        return config.split, []
    told = "no folds: encoders learn from the train rows, so the val part alone compares and calibrates"
    return config.split.model_copy(update={"folds": 1}), [told]


def file_key(path: str | None) -> str | None:
    """Key the bytes of an image file; an address stands for what is there. None where there is no readable file."""
    if path is None or is_address(path):
        return path
    try:
        with Path(path).open("rb") as file:
            return _hash(iter(lambda: file.read(1 << 20), b""))
    except (OSError, ValueError):
        return None


def _hash(pieces: Iterable[bytes]) -> str:
    digest = blake2b(digest_size=_BYTES)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
