"""What is shown of the reference rows: titles, categories and small photos of training products, in the model folder.

They stand beside an answer as the products that are most like the one asked about.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.cleaning import clean_html
from smartprod.embeddings import ImageLimits, ImageProblem, decode_image
from smartprod.model.reference import REFERENCE_FOLDER, load_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.fusion import ProductEmbeddings
    from smartprod.pipeline import TableFile

SHOWN_FILE = "products.parquet"
PHOTO_SIDE = 128
_QUALITY = 70
_MOST_TITLE = 200
_MOST_PHOTO_BYTES = 8_000  # of 2,000 photos: 16 MB at most
_BATCH_ROWS = 4_096
_SHOWN_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("title", pa.string()),
        pa.field("category", pa.string()),
        pa.field("photo", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A training product as it is shown.

    Attributes:
        row: Its row in the training table.
        id: Its id.
        title: The beginning of its title.
        category: Its category in the training table.
        photo: Its main photo as a small JPEG; None without.
    """

    row: int
    id: str | None
    title: str | None
    category: str | None
    photo: bytes | None


def gather_shown(products: TableFile, rows: np.ndarray, *, limits: ImageLimits, threads: int) -> pa.Table:
    """Gather what is shown of some rows; a photo that cannot be read, or lies at an address, is left out.

    Args:
        products: The product table.
        rows: Positions in it, ascending, int64 [M].
        limits: Of photos.
        threads: Threads that decode photos.
    """
    wanted, columns = set(rows.tolist()), ["row", "id", "title", "category", "images"]
    records = []
    for batch in products.batches(_BATCH_ROWS, columns=columns):
        kept = [position for position, row in enumerate(batch.column("row").to_pylist()) if row in wanted]
        records += batch.take(pa.array(kept, pa.int64())).to_pylist()
    with ThreadPoolExecutor(threads) as pool:
        photos = list(
            pool.map(partial(_photo, limits=limits), [record["images"] or [] for record in records])
        )
    table = [
        {
            "row": record["row"],
            "id": record["id"],
            "title": clean_html(record["title"] or "")[:_MOST_TITLE] or None,
            "category": (record["category"] or [None])[0],
            "photo": photo,
        }
        for record, photo in zip(records, photos, strict=True)
    ]
    return pa.Table.from_pylist(table, schema=_SHOWN_SCHEMA)


def save_shown(shown: pa.Table, folder: Path) -> None:
    """Write what is shown below a model folder."""
    import pyarrow.parquet as pq

    pq.write_table(shown, folder / REFERENCE_FOLDER / SHOWN_FILE, compression="zstd")


def load_shown(folder: Path) -> list[ShownProduct] | None:
    """Read what is shown of the reference rows, in their order; None where the model folder keeps none."""
    import pyarrow.parquet as pq

    path = folder / REFERENCE_FOLDER / SHOWN_FILE
    if not path.is_file():
        return None
    return [ShownProduct(**record) for record in pq.read_table(path).to_pylist()]


@dataclass(frozen=True, slots=True, eq=False)
class ShownReference:
    """The reference rows with what is shown of them.

    Attributes:
        products: Embeddings of M products, with the precision of float16.
        shown: What is shown of them, in the same order.
    """

    products: ProductEmbeddings
    shown: list[ShownProduct]


def load_shown_reference(folder: Path) -> ShownReference | None:
    """Read the reference rows of a model folder; None where it keeps none, or shows nothing of them."""
    reference, shown = load_reference(folder), load_shown(folder)
    return None if reference is None or shown is None else ShownReference(reference.products, shown)


def small_photo(pixels: np.ndarray, *, side: int = PHOTO_SIDE) -> bytes:
    """Make a small JPEG of RGB pixels uint8 [H, W, 3]."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    content = BytesIO()
    image.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def _photo(images: Sequence[str], *, limits: ImageLimits) -> bytes | None:
    if not images or "://" in images[0]:
        return None
    try:
        with Path(images[0]).open("rb") as file:
            content = file.read(int(limits.megabytes * 1e6) + 1)  # one byte more is refused as too large
        photo = small_photo(decode_image(content, min_side=PHOTO_SIDE, limits=limits))
    except (OSError, ImageProblem):
        return None
    return photo if len(photo) <= _MOST_PHOTO_BYTES else None
