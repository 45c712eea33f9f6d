"""From raw records to rows of the product table: every record keeps its row, and every field gets a status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog.attributes import parse_attributes
from smartprod.catalog.category_paths import CategoryPaths
from smartprod.catalog.cell_text import NULL_WORDS, list_cell, texts
from smartprod.catalog.image_paths import list_images
from smartprod.catalog.status import STATUS_FIELDS, Status, reason_column, status_column
from smartprod.catalog.table import extra_column, product_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.catalog.columns import ColumnMap
    from smartprod.catalog.image_paths import ImageFinder
    from smartprod.catalog.readers.source import BadRecord, RawBatch
    from smartprod.config.schema import CatalogConfig

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a batch: values, and per row its status and reason (None where `ok`)."""

    values: list
    statuses: list[str]
    reasons: list[str | None]

    def mark(self, position: int, status: Status, reason: str, value: object = None) -> None:
        """Give one row a status other than `ok`, and the value that is left of it."""
        self.values[position] = value
        self.statuses[position] = status.value
        self.reasons[position] = reason


def field_of(values: list) -> Field:
    """Begin a field in which every row is `ok`."""
    return Field(values, [Status.OK.value] * len(values), [None] * len(values))


class RowBuilder:
    """Turn raw batches into record batches of the product schema.

    Args:
        config: How to read the cells.
        columns: Source column of each role.
        finder: Judge of image paths.
        encoding: Declared encoding of the source, named in reasons; None where the format fixes its own.
    """

    def __init__(
        self, config: CatalogConfig, columns: ColumnMap, finder: ImageFinder, *, encoding: str | None = None
    ) -> None:
        self._config = config
        self._columns = columns
        self._finder = finder
        self._undecodable = f"not valid {encoding or 'Unicode'} text"
        self._schema = product_schema(config.columns.extra)
        self._paths = CategoryPaths(config.category_separator, config.categories_separator)

    def build(self, raw: RawBatch, *, first_row: int) -> pa.RecordBatch:
        """Judge a batch whose first record is row `first_row` of the table."""
        rows = range(first_row, first_row + raw.size)
        row = field_of(list(rows))
        fields = {
            "row": row,
            "title": self._text(raw, self._columns.title),
            "description": self._text(raw, self._columns.description),
            "attributes": self._attributes(raw),
            "images": self._images(raw),
            "category": self._category(raw),
        }
        plain = {
            name: self._plain(raw, getattr(self._columns, name), row)
            for name in ("id", "split", "group", "domain")
        }
        plain |= {extra_column(name): self._extra(raw, name, row) for name in self._config.columns.extra}
        for position, bad in raw.bad.items():
            _give_up(position, bad, fields, plain)
        if self._columns.id is None:
            plain["id"] = [str(number) for number in rows]
        arrays = {name: field.values for name, field in fields.items()} | plain | {"row": list(rows)}
        for name in STATUS_FIELDS:
            arrays[status_column(name)] = fields[name].statuses
            arrays[reason_column(name)] = fields[name].reasons
        return pa.record_batch(
            [pa.array(arrays[part.name], part.type) for part in self._schema], schema=self._schema
        )

    def _text(self, raw: RawBatch, column: str | None) -> Field:
        """Read a text field, kept as it stands; blank cells and null words are `missing`."""
        if column is None:
            return _absent(raw.size)
        return self._judge_text(raw.columns[column], column)

    def _judge_text(self, cells: Sequence[object], column: str) -> Field:
        field = field_of(texts(cells))
        limit = self._config.max_field_characters
        for position, text in enumerate(field.values):
            if not text or text.isspace():
                field.mark(position, Status.MISSING, "empty")
            elif text in NULL_WORDS:
                field.mark(position, Status.MISSING, f"the cell holds only '{text}'")
            elif len(text) > limit:
                reason = f"column '{column}': {len(text):,} characters, allowed are {limit:,}"
                field.mark(position, Status.TOO_LARGE, reason)
        for position in _with_surrogates(field.values):
            kept = _SURROGATE.sub("\ufffd", field.values[position])
            field.mark(position, Status.UNREADABLE, f"column '{column}': {self._undecodable}", kept)
        return field

    def _plain(self, raw: RawBatch, column: str | None, row: Field) -> list[str | None]:
        """Read a short field without a status of its own: what is wrong with it is told on the row."""
        values = self._judged_on_row(raw, column, row)
        return [None if value is None else value.strip() for value in values]

    def _extra(self, raw: RawBatch, name: str, row: Field) -> list[str | None]:
        return self._judged_on_row(raw, name if name in self._columns.extra else None, row)

    def _judged_on_row(self, raw: RawBatch, column: str | None, row: Field) -> list[str | None]:
        field = self._text(raw, column)
        if column is not None:
            for position, status in enumerate(field.statuses):
                if status == Status.TOO_LARGE:
                    row.mark(position, Status.TOO_LARGE, field.reasons[position] or "")
                elif status == Status.UNREADABLE and row.statuses[position] == Status.OK:
                    # The row itself was read; `unreadable` on a row is for those that were not.
                    row.mark(position, Status.CORRUPT, field.reasons[position] or "")
        return field.values

    def _attributes(self, raw: RawBatch) -> Field:
        """Read attributes as raw text; what does not parse is `corrupt` and keeps its text."""
        column = self._columns.attributes
        field = self._text(raw, column)
        for position, text in enumerate(field.values):
            if text is None or field.statuses[position] != Status.OK:
                continue
            try:
                if not parse_attributes(text):
                    field.mark(position, Status.MISSING, "no attributes", text)
            except ValueError as error:
                field.mark(position, Status.CORRUPT, f"column '{column}': {error}", text)
        return field

    def _category(self, raw: RawBatch) -> Field:
        """Read category paths; a label that is not whole is never learned from, so it is left out."""
        column = self._columns.category
        if column is None:
            return _absent(raw.size, lists=True)
        cells = raw.columns[column]
        lists = [None if cell is None or isinstance(cell, str) else list_cell(cell) for cell in cells]
        single = [cell if listed is None else None for cell, listed in zip(cells, lists, strict=True)]
        field = self._judge_text(single, column)
        for position, listed in enumerate(lists):
            if listed is not None:
                field.statuses[position], field.reasons[position] = Status.OK.value, None
                paths = self._paths.of_list(listed)
            else:
                text = field.values[position] if field.statuses[position] == Status.OK else None
                paths = self._paths.of_text(text) if text else []
            field.values[position] = paths
            if not paths and field.statuses[position] == Status.OK:
                field.mark(position, Status.MISSING, "empty", [])
            elif any(map(_SURROGATE.search, paths)):
                field.mark(position, Status.UNREADABLE, f"column '{column}': {self._undecodable}", [])
        return field

    def _images(self, raw: RawBatch) -> Field:
        """Resolve the listed images; the status is that of the first listed, the main one."""
        if not self._columns.images:
            return _absent(raw.size, lists=True)
        field = field_of([[] for _ in range(raw.size)])
        for position, cells in enumerate(
            zip(*(raw.columns[name] for name in self._columns.images), strict=True)
        ):
            self._find_images(cells, position, field)
        return field

    def _find_images(self, cells: Sequence[object], position: int, field: Field) -> None:
        usable: list[str] = []
        verdict: tuple[Status, str] | None = None
        seen = 0
        for column, cell in zip(self._columns.images, cells, strict=True):
            try:
                listed = list_images(cell)
            except ValueError as error:
                seen += 1
                if seen == 1:
                    verdict = Status.CORRUPT, f"column '{column}': {error}"
                continue
            for path in listed:
                seen += 1
                found = self._finder.find(path)
                if found.path is not None:
                    usable.append(found.path)
                elif seen == 1:
                    verdict = found.status, found.reason or ""
        if not seen:
            verdict = Status.MISSING, "empty"
        field.values[position] = list(dict.fromkeys(usable))
        if verdict is not None:
            field.mark(position, *verdict, field.values[position])


def _absent(size: int, *, lists: bool = False) -> Field:
    values: list = [[] for _ in range(size)] if lists else [None] * size
    return Field(values, [Status.MISSING.value] * size, ["the table has no such column"] * size)


def _give_up(
    position: int, bad: BadRecord, fields: dict[str, Field], plain: dict[str, list[str | None]]
) -> None:
    """Give a record that could not be read its row: no values, its reason on the row, its status on every field."""
    for name, field in fields.items():
        field.mark(position, bad.status, "see reason.row", [] if name in {"images", "category"} else None)
    fields["row"].mark(position, bad.status, bad.reason)
    for values in plain.values():
        values[position] = None


def _with_surrogates(values: list[str | None]) -> list[int]:
    """Find the texts that hold lone surrogates: bytes that did not decode, or halves of escaped pairs."""
    try:
        "".join(filter(None, values)).encode()
    except UnicodeEncodeError:
        return [position for position, text in enumerate(values) if text and _SURROGATE.search(text)]
    return []
