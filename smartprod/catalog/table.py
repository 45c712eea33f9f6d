"""The product table: one Arrow schema that every reader produces and every stage reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog.status import STATUS_FIELDS, reason_column, status_column

if TYPE_CHECKING:
    from collections.abc import Sequence


def extra_column(name: str) -> str:
    """Name the product-table column of the extra short text field `name`."""
    return f"extra.{name}"


def product_schema(extra: Sequence[str] = ()) -> pa.Schema:
    """Build the schema of the product table.

    Args:
        extra: Names of further short text columns, kept as `extra.<name>`.

    Returns:
        Columns `row` (position in the input, from 0), `id`, `title`, `description` (raw, may be HTML),
        `attributes` (raw string), `extra.*`, `images` (absolute or table-relative paths, resolved),
        `category` (zero, one or several paths), `split`, `group`, `domain`, and for each field of
        `STATUS_FIELDS` its status and its reason (null where the status is `ok`).
    """
    fields = [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("title", pa.string()),
        pa.field("description", pa.string()),
        pa.field("attributes", pa.string()),
        *(pa.field(extra_column(name), pa.string()) for name in extra),
        pa.field("images", pa.list_(pa.string())),
        pa.field("category", pa.list_(pa.string())),
        pa.field("split", pa.string()),
        pa.field("group", pa.string()),
        pa.field("domain", pa.string()),
    ]
    for name in STATUS_FIELDS:
        fields.append(pa.field(status_column(name), pa.string(), nullable=False))
        fields.append(pa.field(reason_column(name), pa.string()))
    return pa.schema(fields)
