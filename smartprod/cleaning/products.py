"""One clean text per product: its fields cleaned, joined in the configured order, with a status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog import Status, extra_column, parse_attributes, reason_column, status_column
from smartprod.cleaning.attributes import flatten_attributes
from smartprod.cleaning.html import clean_html
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartprod.config.schema import CleanConfig

CLEAN_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("truncated", pa.bool_(), nullable=False),
        pa.field(status_column("text"), pa.string(), nullable=False),
        pa.field(reason_column("text"), pa.string()),
    ]
)
"""The table of clean texts; `text` is null where `status.text` is not `ok`."""

_STANDARD_FIELDS = ("title", "attributes", "description")
_EXTRA_PREFIX = extra_column("")
_SENTENCE_END = ".!?…:;。！？।؟"
_CLOSING = "\"'”’»)]）」"
_BATCH_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field of one row: its clean text, or why it has none."""

    name: str
    text: str
    empty_because: str = ""


@dataclass(frozen=True, slots=True)
class _CleanText:
    text: str | None
    truncated: bool
    status: str
    reason: str | None


def clean_products(products: pa.Table, config: CleanConfig) -> pa.Table:
    """Clean and join the text fields of every product.

    Args:
        products: The product table (`smartprod.catalog.product_schema`).
        config: Which fields in which order, whether their names are written, and where the text is cut.

    Returns:
        `CLEAN_SCHEMA`, one row per product in the same order. A row without any text is `missing` with the reason; a row
        that was not read keeps the status and reason of `status.row`.

    Raises:
        UsageError: SP301 where `clean.fields` names a field the table does not have.
    """
    columns = _columns(products, config.fields)
    batches = products.select(_needed(products, columns)).to_batches(max_chunksize=_BATCH_ROWS)
    cleaned = [_clean_batch(batch, columns, config) for batch in batches]
    return pa.Table.from_batches(cleaned, schema=CLEAN_SCHEMA)


def _columns(products: pa.Table, fields: Sequence[str]) -> dict[str, str]:
    """Find the column of every field, in order."""
    extra = [
        name.removeprefix(_EXTRA_PREFIX) for name in products.column_names if name.startswith(_EXTRA_PREFIX)
    ]
    known = {name: name for name in _STANDARD_FIELDS} | {name: extra_column(name) for name in extra}
    for name in fields:
        if name.removeprefix(_EXTRA_PREFIX) not in known:
            raise UsageError(
                "SP301",
                f"There is no text field `{name}`.",
                where=f"clean.fields = {list(fields)}",
                fix=f"Choose among {', '.join(known)}; further columns are named in catalog.columns.extra.",
            )
    names = dict.fromkeys(name.removeprefix(_EXTRA_PREFIX) for name in fields)
    return {name: known[name] for name in names}


def _needed(products: pa.Table, columns: dict[str, str]) -> list[str]:
    accounts = [column(name) for name in ("row", *columns) for column in (status_column, reason_column)]
    return ["row", *columns.values(), *(name for name in accounts if name in products.column_names)]


def _clean_batch(batch: pa.RecordBatch, columns: dict[str, str], config: CleanConfig) -> pa.RecordBatch:
    values = {
        name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    cleaned = [_clean_row(values, position, columns, config) for position in range(batch.num_rows)]
    return pa.RecordBatch.from_arrays(
        [
            batch.column("row"),
            pa.array([row.text for row in cleaned], pa.string()),
            pa.array([row.truncated for row in cleaned], pa.bool_()),
            pa.array([row.status for row in cleaned], pa.string()),
            pa.array([row.reason for row in cleaned], pa.string()),
        ],
        schema=CLEAN_SCHEMA,
    )


def _clean_row(
    values: dict[str, list[str | None]], position: int, columns: dict[str, str], config: CleanConfig
) -> _CleanText:
    status = values[status_column("row")][position]
    # `corrupt` and `too_large` may concern a short field such as the id only; the texts were read then.
    cells = list(_cells(values, position, columns, config)) if status != Status.UNREADABLE else []
    text = _join(cells, name_fields=config.name_fields)
    if not text and status is not None and status != Status.OK:
        return _CleanText(None, False, status, values[reason_column("row")][position])
    if not text:
        return _CleanText(None, False, Status.MISSING, _why_missing(cells))
    shortened = cut_at_word(text, config.max_characters)
    return _CleanText(shortened, len(shortened) < len(text), Status.OK, None)


def _cells(
    values: dict[str, list[str | None]], position: int, columns: dict[str, str], config: CleanConfig
) -> Iterator[_Cell]:
    for name, column in columns.items():
        raw = values[column][position]
        statuses = values.get(status_column(name))
        status = statuses[position] if statuses else None
        if not (raw and raw.strip()):
            was_lost = status not in {None, Status.OK, Status.MISSING}
            told = values[reason_column(name)][position] if was_lost else None
            yield _Cell(name, "", told or status or "empty") if was_lost else _Cell(name, "", "empty")
        elif name == "attributes":
            yield _attributes_cell(raw, config)
        else:
            text = clean_html(raw)
            yield _Cell(name, text, "" if text else "only markup")


def _attributes_cell(raw: str, config: CleanConfig) -> _Cell:
    try:
        attributes = parse_attributes(raw)
    except ValueError as error:
        return _Cell("attributes", "", str(error))
    text = flatten_attributes(attributes, skip=config.skip_attributes)
    return _Cell("attributes", text, "" if text else "without a value" if attributes else "empty")


def _join(cells: Sequence[_Cell], *, name_fields: bool) -> str:
    """Join the fields as sentences; what repeats an earlier field, alone or as a heading, is left out."""
    texts: list[str] = []
    sentences: list[str] = []
    for cell in cells:
        text = _without_repetition(cell.text, texts)
        if text:
            texts.append(text)
            is_named = name_fields and cell.name != "attributes"  # attributes bring names of their own
            sentences.append(_as_sentence(f"{cell.name.replace('_', ' ')}: {text}" if is_named else text))
    return " ".join(sentences)


def _without_repetition(text: str, earlier: Sequence[str]) -> str:
    for known in earlier:
        # Only a repeated heading is cut, not the beginning of a sentence: "Red shirt is made of ..." stays whole.
        if text[: len(known)].casefold() == known.casefold():
            rest = text[len(known) :]
            if not rest or re.match(r"\s*[.:!|–—\n]|\s+-\s", rest):
                text = rest.lstrip(" .:!|–—-\n")
    return text


def _as_sentence(text: str) -> str:
    return text if text.rstrip(_CLOSING)[-1:] in _SENTENCE_END else f"{text}."


def cut_at_word(text: str, max_characters: int) -> str:
    """Cut text to at most `max_characters`, at a space where there is one in the last quarter."""
    if len(text) <= max_characters:
        return text
    head = text[: max_characters + 1]
    space = max(head.rfind(" "), head.rfind("\n"))
    end = space if space >= max_characters * 3 // 4 else max_characters
    return text[:end].rstrip()


def _why_missing(cells: Sequence[_Cell]) -> str:
    """Say why there is no text, fields with the same reason together: `title and attributes empty; ...`."""
    by_reason: dict[str, list[str]] = {}
    for cell in cells:
        by_reason.setdefault(cell.empty_because, []).append(cell.name)
    return (
        "; ".join(_told(names, reason) for reason, names in by_reason.items())
        or "no text field is configured"
    )


def _told(names: Sequence[str], reason: str) -> str:
    fields = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if reason in {"empty", "only markup", "without a value"}:
        return f"{fields} {'is' if len(names) == 1 else 'are'} {reason}"
    return f"{fields}: {reason}"
