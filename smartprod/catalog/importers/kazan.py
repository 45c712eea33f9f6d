"""KazanExpress products: a table whose column `text_fields` holds the texts of each product as JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog.attributes import parse_attributes
from smartprod.catalog.cell_text import NULL_WORDS, cell_text, plain_value
from smartprod.catalog.importers.native import NativeRecord, NativeSource, shortened
from smartprod.catalog.readers.source import BadRecord, Remark
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smartprod.catalog.readers.source import RecordSource

_NEEDED = ("product_id", "text_fields")
_RENAMED = {"product_id": "id", "category_name": "category"}
_MADE = ("id", "title", "description", "attributes", "image")
_LEVELS = "->"
_EXTENSIONS = (".jpg", ".png", ".jpeg", ".webp")
_BATCH_ROWS = 1_024


@dataclass(frozen=True, slots=True)
class KazanSource(NativeSource):
    """A table of products with `product_id`, `text_fields` and, if there, `category_name` and others.

    Attributes:
        base: The table as it stands, CSV or Parquet.
        columns: Of the base.
        separator: Between the levels of a category path in our table.
        image_folder: What stands before an image's name.
        image_root: Folder of this disk that images are looked for in, to find their extension; None: .jpg is taken.
    """

    base: RecordSource
    columns: tuple[str, ...]
    separator: str
    image_folder: str
    image_root: str | None

    @property
    def place(self) -> str:
        """The table."""
        return self.base.place

    @property
    def encoding(self) -> str | None:
        """That of the table."""
        return self.base.encoding

    def find_columns(self, required: Collection[str]) -> tuple[str, ...]:
        """List what `text_fields` becomes, and the other columns of the table."""
        others = (_RENAMED.get(name, name) for name in self.columns if name != "text_fields")
        return tuple(dict.fromkeys((*_MADE, *others)))

    def notes(self) -> tuple[str, ...]:
        """What the table's own reader says."""
        return self.base.notes()

    def count(self) -> int:
        """Count the rows."""
        return self.base.count()

    def records(self, first_row: int) -> Iterator[NativeRecord | BadRecord]:
        """Stream the products; `text_fields` that cannot be read become attributes that cannot be read."""
        row = first_row
        for raw in self.base.batches(self.columns, _BATCH_ROWS, first_row):
            for position in range(raw.size):
                bad = raw.bad.get(position)
                cells = {name: raw.columns[name][position] for name in self.columns}
                yield bad or self._record(cells, row)
                row += 1

    def _record(self, cells: Mapping[str, object], row: int) -> NativeRecord:
        values = {_RENAMED.get(name, name): value for name, value in cells.items() if name != "text_fields"}
        product = cell_text(cells["product_id"])
        values |= {"id": product, "image": self._image(product)}
        if "category" in values:
            values["category"] = self._category(values["category"])
        cell = plain_value(cells["text_fields"])
        try:
            texts = cell if isinstance(cell, dict) else parse_attributes(cell_text(cell))
        except ValueError as error:
            values["attributes"] = cell
            remark = Remark(
                "text_fields cannot be read: the product is left without text",
                f"row {row}, product {product}: {error}: {shortened(cell)}",
            )
            return NativeRecord(values, (remark,))
        values["title"] = cell_text(texts.get("title"))
        values["description"] = cell_text(texts.get("description"))
        values["attributes"] = merge_attributes(
            {name: value for name, value in texts.items() if name not in {"title", "description"}}
        )
        return NativeRecord(values)

    def _category(self, cell: object) -> str | None:
        text = cell_text(cell)
        if text is None or _LEVELS not in text:
            return text
        return self.separator.join(level.strip() for level in text.split(_LEVELS))

    def _image(self, product: str | None) -> str | None:
        if product is None or not product.strip() or product in NULL_WORDS:
            return None
        name = f"{self.image_folder}{product.strip()}"
        if self.image_root is not None:
            for extension in _EXTENSIONS:
                if os.path.isfile(f"{self.image_root}/{name}{extension}"):  # noqa: PTH113 - for every row
                    return name + extension
        return name + _EXTENSIONS[0]


def merge_attributes(fields: Mapping[str, object]) -> dict[str, object]:
    """Merge dictionaries of attributes into one; different values of one name stand side by side.

    Args:
        fields: Dictionaries, lists of `name: value` texts, or other values, by the name of the field. What is no dictionary
            and has no names in it keeps the name of its field.
    """
    merged: dict[str, list[object]] = {}
    for field, content in fields.items():
        for name, value in _pairs(field, content):
            for one in value if isinstance(value, list) else [value]:
                if one not in (None, "", {}, []) and one not in merged.setdefault(name, []):
                    merged[name].append(one)
    return {name: values[0] if len(values) == 1 else values for name, values in merged.items() if values}


def _pairs(field: str, content: object) -> Iterator[tuple[str, object]]:
    if isinstance(content, dict):
        yield from ((str(name), value) for name, value in content.items())
    elif isinstance(content, list):
        for item in content:
            name, colon, value = item.partition(":") if isinstance(item, str) else ("", "", "")
            if colon and name.strip() and value.strip():
                yield name.strip(), value.strip()
            elif isinstance(item, dict):
                yield from _pairs(field, item)
            else:
                yield field, item
    else:
        yield field, content


def open_kazan(
    base: RecordSource, *, separator: str, image_folder: str, image_root: str | None
) -> KazanSource:
    """Open a table of KazanExpress products.

    Raises:
        UsageError: SP261 where it lacks a column that the format has.
    """
    columns = base.find_columns(_NEEDED)
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise UsageError(
            "SP261",
            f"A table of KazanExpress has the columns product_id and text_fields; this one lacks {' and '.join(missing)}.",
            where=f"{base.place}, columns found: {', '.join(columns)}",
            fix="Give the competition's own table, or read this one with catalog.format=auto and catalog.columns.",
        )
    return KazanSource(base, columns, separator, image_folder, image_root)
