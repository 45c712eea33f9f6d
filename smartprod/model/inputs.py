"""Products as Python has them to rows of the product table: a data frame, anything that gives Arrow, a list of dicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.catalog import Status, products_from_records, reason_column, status_column
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.config.schema import CatalogConfig


def read_inputs(products: Any, config: CatalogConfig, *, scratch: Path) -> pa.Table:
    """Turn products into rows of the product table.

    Args:
        products: A pandas or Polars DataFrame, a pyarrow Table, anything else that gives an Arrow stream
            (`__arrow_c_stream__`, the Arrow PyCapsule interface), or a list of dicts, with the column names of the
            training table. An image may be a path, the bytes of an image file, or a Pillow image; a cell may hold several.
        config: Column names and how to read the cells.
        scratch: An empty folder for the images that are no files.

    Raises:
        UsageError: (SP720) It is none of these. (SP730) It cannot give its columns as Arrow. (SP205) No column says anything
            about a product.
    """
    records = list(_records(products))
    images = [_given_images(record, config.columns.images) for record in records]
    if not any(images):
        return products_from_records(records, config)
    plain = [
        {**record, **dict.fromkeys(cells)} if cells else record
        for record, cells in zip(records, images, strict=True)
    ]
    paths = [
        _write_images([image for cell in cells.values() for image in cell], scratch, row)
        for row, cells in enumerate(images)
    ]
    return _with_images(products_from_records(plain, config), paths)


def write_inputs(products: Any, path: Path, *, config: CatalogConfig, category: Sequence[str] | None) -> int:
    """Write products as a table file that the catalog reads, and the images among them as files beside it.

    Args:
        products: As for `read_inputs`. Images in memory are written to the folder of the table.
        path: The Parquet file to write.
        config: Column names.
        category: The class of each product, in the place of the table's own column; None leaves that.

    Returns:
        The number of products.

    Raises:
        UsageError: (SP720, SP730) It is no table. (SP739) Products and classes are not equally many.
    """
    records = [{key: _plain(value) for key, value in record.items()} for record in _records(products)]
    for row, record in enumerate(records):
        for number, (column, images) in enumerate(_given_images(record, config.columns.images).items()):
            record[column] = _write_images(images, path.parent, row * len(config.columns.images) + number)
    if category is not None:
        if len(category) != len(records):
            raise UsageError(
                "SP739",
                f"there are {len(records)} products, but {len(category)} classes",
                where="fit(products, y)",
                fix="give one class for each product",
            )
        for record, name in zip(records, category, strict=True):
            record[config.columns.category or "category"] = name
    pq.write_table(pa.Table.from_pylist(records), path)
    return len(records)


def _plain(value: Any) -> Any:
    """A cell as Parquet has it: dictionaries of any shape as JSON, what pandas calls missing as missing."""
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    return None if isinstance(value, float) and isnan(value) else value


def _records(products: Any) -> Iterable[Any]:
    if hasattr(products, "iloc") and hasattr(products, "to_dict"):
        # pandas gives Arrow too, but not a column of Pillow images, which a list of dicts may well hold.
        return products.to_dict("records")
    if hasattr(products, "__arrow_c_stream__"):
        return _arrow_table(products).to_pylist()
    if isinstance(products, Sequence) and not isinstance(products, str | bytes):
        return products
    raise UsageError(
        "SP720",
        f"products cannot be a {type(products).__name__}",
        fix="give a pandas, Polars or Arrow table (a lazy one collected), or a list of dicts, one for each product",
    )


def _arrow_table(products: Any) -> pa.Table:
    """Read an Arrow stream of rows; the library that gives it is not imported here."""
    try:
        return _read_stream(products)
    except Exception as error:  # whatever that library says of a column which Arrow has no type for
        raise UsageError(
            "SP730",
            f"the {type(products).__name__} cannot give its columns as Arrow: {error}",
            fix="leave out columns of Python objects; give images as paths or as the bytes of their files",
        ) from error


def _read_stream(products: Any) -> pa.Table:
    table = pa.RecordBatchReader.from_stream(products).read_all()
    for field in table.schema:
        if pa.types.is_fixed_size_binary(field.type) and field.type.byte_width == 8:
            # What Polars gives for a column of Python objects: their addresses in memory.
            raise TypeError(f"the column `{field.name}` holds Python objects")
    return table


def _given_images(record: object, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Find the cells of a record that hold images themselves, not paths."""
    if not isinstance(record, Mapping):
        return {}
    found = {}
    for column in columns:
        cell = record.get(column)
        items = list(cell) if isinstance(cell, list | tuple) else [cell]
        if items and all(_is_image(item) for item in items):
            found[column] = items
    return found


def _is_image(value: object) -> bool:
    from PIL.Image import Image

    return isinstance(value, bytes | bytearray | Image)


def _write_images(images: Sequence[Any], scratch: Path, row: int) -> list[str]:
    paths, folder = [], scratch / f"row {row}"
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        path = folder / f"image {number}"  # what a reason calls it
        if isinstance(image, bytes | bytearray):
            path.write_bytes(image)
        else:
            image.save(path, "PNG")
        paths.append(str(path))
    return paths


def _with_images(products: pa.Table, paths: Sequence[Sequence[str]]) -> pa.Table:
    """Put given images before the listed ones; rows that have some count as `ok` until they are decoded."""
    listed = products["images"].to_pylist()
    columns = {
        "images": [[*own, *others] for own, others in zip(paths, listed, strict=True)],
        status_column("images"): [
            Status.OK.value if own else status
            for own, status in zip(paths, products[status_column("images")].to_pylist(), strict=True)
        ],
        reason_column("images"): [
            None if own else reason
            for own, reason in zip(paths, products[reason_column("images")].to_pylist(), strict=True)
        ],
    }
    for name, values in columns.items():
        field = products.schema.field(name)
        products = products.set_column(
            products.schema.get_field_index(name), field, pa.array(values, field.type)
        )
    return products
