"""Product tables as CSV, JSON lines and Parquet, damaged in single lines or anywhere."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from .byte_damage import BYTE_DAMAGE
from .case import case_random
from .markup import attributes_case, html_case

if TYPE_CHECKING:
    import random

COLUMNS = ("id", "title", "description", "attributes", "image", "other_images", "category")
FIELD_LIMIT = 20_000
"""`catalog.max_field_characters` for these tables, so that giant fields need not be megabytes."""

_IMAGES = ("photo.jpg", "no such file.jpg", "", "../secret.jpg", "/etc/passwd", "https://shop.example/a.jpg", "a\0b.jpg", "foto größe.jpg",
           "['photo.jpg', 'b.jpg']", '["photo.jpg", null, 3]', "[", "data:image/png;base64,AAAA", "C:\\fotos\\1.jpg", "x" * 5_000, ".", "~")  # fmt: skip
_CATEGORIES = ("Shoes", "Home > Kitchen > Mugs", "", " > ", "A > > B", "nan", "Größe", ">" * 50)


@dataclass(frozen=True, slots=True)
class TableCase:
    """A table file.

    Attributes:
        data: Its bytes.
        suffix: How its name ends.
        encoding: The declared encoding.
        told: How it was made.
        sound_ids: Ids of records that must come through, in their order.
        rows: How many rows there must be; None where the damage leaves that open.
    """

    data: bytes
    suffix: str
    encoding: str
    told: str
    sound_ids: tuple[str, ...] = field(default=())
    rows: int | None = None


def table_case(kind: str, seed: int) -> TableCase:
    """Write and damage the table of a seed; `kind` is `csv`, `jsonl` or `parquet`."""
    chance = case_random(kind, seed)
    case = {"csv": _csv_case, "jsonl": _jsonl_case, "parquet": _parquet_case}[kind](chance)
    if chance.random() < (0.6 if kind == "parquet" else 0.3):
        damage = chance.choice(BYTE_DAMAGE)
        return TableCase(
            damage(chance, case.data), case.suffix, case.encoding, f"{case.told}, {damage.__name__}"
        )
    if kind != "parquet" and chance.random() < 0.1:
        zipped = gzip.compress(case.data)
        if chance.random() < 0.5:
            return TableCase(
                chance.choice(BYTE_DAMAGE)(chance, zipped), f"{case.suffix}.gz", case.encoding, "damaged gzip"
            )
        return TableCase(
            zipped, f"{case.suffix}.gz", case.encoding, f"{case.told}, gzip", case.sound_ids, case.rows
        )
    return case


def random_record(chance: random.Random, number: int) -> dict[str, str]:
    """Write the cells of one product; the id tells its number."""
    return {
        "id": f"p{number}",
        "title": chance.choice(("Blue cotton shirt", "", "Größe 42", "кружка", "nan", "5\" nail", "a,b;c\td|e", "=1+1", "👟" * 20)),
        "description": html_case(chance.getrandbits(32))[: chance.choice((50, 500, 30_000))],
        "attributes": attributes_case(chance.getrandbits(32))[: chance.choice((50, 500, 30_000))],
        "image": chance.choice(_IMAGES),
        "other_images": chance.choice(_IMAGES),
        "category": chance.choice(_CATEGORIES),
    }  # fmt: skip


def _csv_case(chance: random.Random) -> TableCase:
    delimiter, ending = chance.choice(",,,;\t|"), chance.choice(("\n", "\n", "\r\n", "\r"))
    encoding = chance.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1251", "latin-1"))
    declared = encoding if chance.random() < 0.8 else chance.choice(("utf-8", "utf-16", "ascii", "cp1252"))
    records = [random_record(chance, number) for number in range(chance.choice((0, 1, 3, 12)))]
    header = list(COLUMNS)
    if chance.random() < 0.1:
        chance.shuffle(header)
    if chance.random() < 0.08:
        header[chance.randrange(len(header))] = chance.choice(("title", "", "\0", '"', "\ufeffid"))
    lines = [_csv_line(record.values(), delimiter, encoding, ending) for record in records]
    is_plain = encoding == declared == "utf-8" and tuple(header) == COLUMNS
    damaged = set()
    for _ in range(chance.choice((0, 0, 1, 3)) if lines and encoding != "utf-16" else 0):
        position = chance.randrange(len(lines))
        lines[position] = chance.choice(_LINE_DAMAGE)(chance, lines[position], ending.encode())
        damaged.add(position)
    head = _csv_line(header, delimiter, encoding, ending)
    sound = tuple(record["id"] for number, record in enumerate(records) if number not in damaged)
    return TableCase(
        head + b"".join(lines), ".tsv" if delimiter == "\t" else ".csv", declared,
        f"{encoding} as {declared}, {len(records)} rows, {len(damaged)} damaged",
        sound if is_plain else (), len(records) if is_plain and not damaged else None,
    )  # fmt: skip


def _csv_line(cells: Sequence[str], delimiter: str, encoding: str, ending: str) -> bytes:
    buffer = io.StringIO()
    # csv quotes cells with its own line ending only, and every line ending ends a record.
    quoting = csv.QUOTE_MINIMAL if ending == "\r\n" else csv.QUOTE_ALL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    # A NUL makes a record unreadable by design; the damage to lines puts some in.
    writer.writerow([cell.replace("\0", "") for cell in cells])
    if encoding == "utf-16":
        return buffer.getvalue().encode("utf-16-le", "replace")
    return buffer.getvalue().encode(encoding, "replace")


def _ragged(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    return chance.choice((b"p0,x", b"p0" + b",x" * 20, b",", b"x")) + ending


def _with_nul(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del ending
    return b"\0" * chance.choice((1, 50)) + line


def _of_other_encoding(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del line
    return "p0,Gr\xf6\xdfe \xe9,\xa0,,,,".encode(chance.choice(("latin-1", "cp1252", "utf-16-be"))) + ending


def _with_byte_order_mark(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del chance, ending
    return b"\xef\xbb\xbf" + line


def _giant(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del line
    return b"p0," + b"x" * chance.choice((FIELD_LIMIT, FIELD_LIMIT + 1, 50 * FIELD_LIMIT)) + b",,,,," + ending


def _garbage(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del line
    return bytes(byte for byte in chance.randbytes(100) if byte not in b'"\r\n') + ending


def _open_quote(chance: random.Random, line: bytes, ending: bytes) -> bytes:
    del line
    return chance.choice((b'p0,"no end,,,,,', b'"', b'p0,x,y,z,"', b'"p0,x')) + ending


_LINE_DAMAGE = (_ragged, _with_nul, _of_other_encoding, _with_byte_order_mark, _giant, _garbage, _open_quote)


def _jsonl_case(chance: random.Random) -> TableCase:
    encoding = chance.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"))
    declared = encoding if chance.random() < 0.85 else chance.choice(("utf-8", "ascii", "latin-1"))
    ending = chance.choice(("\n", "\r\n"))
    lines: list[str] = []
    sound: list[str] = []
    rows = 0
    for number in range(chance.choice((0, 1, 3, 12))):
        record: dict[str, object] = dict(random_record(chance, number))
        if chance.random() < 0.3:
            record[chance.choice(COLUMNS[1:])] = chance.choice(
                (None, 3, 0.5, True, [1, "x"], {"a": {"b": [1]}}, [], {}, 10**300, ["photo.jpg"])
            )
        line = json.dumps(record, ensure_ascii=chance.random() < 0.5)
        if chance.random() < 0.25:
            line = chance.choice(_JSON_DAMAGE)(chance, line)
        else:
            sound.append(f"p{number}")
        lines.append(line)
        rows += bool(line.strip())
    text = ending.join(lines) + ending * chance.choice((0, 1, 3))
    is_plain = encoding == declared
    return TableCase(
        text.encode(encoding, "replace"), ".jsonl", declared, f"{encoding} as {declared}, {len(lines)} lines",
        tuple(sound) if is_plain else (), rows if is_plain and sound else None,
    )  # fmt: skip


_JSON_DAMAGE: tuple[Callable[[random.Random, str], str], ...] = (
    lambda chance, line: line[: chance.randrange(len(line))],
    lambda chance, line: line.replace('"p', '"\0p', 1),
    lambda chance, line: '{"id": "x", "id": "y", "title": NaN, "description": Infinity}',
    lambda chance, line: '{"title":' + "[" * chance.choice((10, 900, 100_000)),
    lambda chance, line: '{"title": ' + '{"a":' * 500 + "1" + "}" * 501,
    lambda chance, line: chance.choice(
        ("[]", "1", "null", '"x"', "true", "{}", "{", "}", "", "   ", "\0", "NaN")
    ),
    lambda chance, line: '{"title": ' + "9" * 10_000 + "}",
    lambda chance, line: '{"id": "\\ud800", "title": "\\udfff x \\ud83d"}',
    lambda chance, line: line + line,
    lambda chance, line: "\ufeff" + line,
    lambda chance, line: line.replace('"', "'"),
    lambda chance, line: '{"title": "' + "x" * chance.choice((FIELD_LIMIT + 1, 70 * FIELD_LIMIT)) + '"}',
    lambda chance, line: '{"__proto__": 1, "": 2, "title\\u0000": 3}',
)


def _parquet_case(chance: random.Random) -> TableCase:
    count = chance.choice((0, 1, 3, 12, 200))
    records = [random_record(chance, number) for number in range(count)]
    columns = {name: _parquet_column(chance, name, [record[name] for record in records]) for name in COLUMNS}
    buffer = io.BytesIO()
    options = {
        "compression": chance.choice(("none", "snappy", "zstd", "gzip")),
        "row_group_size": chance.choice((1, 5, 1000)),
        "use_dictionary": chance.random() < 0.5,
        "version": chance.choice(("1.0", "2.6")),
        "data_page_version": chance.choice(("1.0", "2.0")),
    }
    pq.write_table(pa.table(columns), buffer, **options)
    told = ", ".join(f"{name} {columns[name].type}" for name in columns)
    return TableCase(
        buffer.getvalue(),
        ".parquet",
        "utf-8",
        told[:300],
        tuple(f"p{number}" for number in range(count)),
        count,
    )


def _parquet_column(chance: random.Random, name: str, values: list[str]) -> pa.Array:
    whole = [value.encode("utf-8", "replace").decode() for value in values]
    if name == "id":
        return pa.array(whole, chance.choice((pa.string(), pa.large_string(), pa.string_view())))
    if chance.random() < 0.3:
        return pa.array(whole, pa.string())
    return chance.choice(_COLUMN_KINDS)(chance, whole)


def _falsely_declared(chance: random.Random, values: list[str]) -> pa.Array:
    """Bytes that are no UTF-8, declared as text."""
    del chance
    raw = [value.encode("latin-1", "replace") for value in values]
    return pa.Array.from_buffers(pa.string(), len(raw), pa.array(raw, pa.binary()).buffers())


_PAIRS = pa.map_(pa.string(), pa.string())
_STRUCT = pa.struct([("a", pa.string()), ("b", pa.int64())])

_COLUMN_KINDS: tuple[Callable[[random.Random, list[str]], pa.Array], ...] = (
    _falsely_declared,
    lambda chance, values: pa.ListArray.from_arrays(
        pa.array(range(len(values) + 1), pa.int32()), _falsely_declared(chance, values)
    ),
    lambda chance, values: pa.StructArray.from_arrays([_falsely_declared(chance, values)], ["a"]),
    lambda chance, values: pa.array(values, pa.string()).dictionary_encode(),
    lambda chance, values: pa.array([value.encode() for value in values], pa.binary()),
    lambda chance, values: pa.array([[value, None] for value in values], pa.list_(pa.string())),
    lambda chance, values: pa.array([{"a": value, "b": None} for value in values], _STRUCT),
    lambda chance, values: pa.array([[("a", value), ("a", "twice")] for value in values], _PAIRS),
    lambda chance, values: pa.array([chance.choice((None, 1, -5)) for _ in values], pa.int64()),
    lambda chance, values: pa.array(
        [chance.choice((None, math.nan, 1.0, math.inf)) for _ in values], pa.float64()
    ),
    lambda chance, values: pa.array([chance.choice((None, 0, 10**12)) for _ in values], pa.timestamp("ms")),
    lambda chance, values: pa.nulls(len(values)),
)
