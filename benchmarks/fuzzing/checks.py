"""The promises, checked for a case of each kind: markup, attributes, tables, image files."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.catalog import (
    STATUS_FIELDS,
    Status,
    count_records,
    parse_attributes,
    product_schema,
    read_products,
    stream_products,
)
from smartprod.cleaning import clean_html, clean_products, flatten_attributes
from smartprod.config import Config
from smartprod.embeddings import Extraction, Extractor, ImageLimits, ImageProblem, decode_image
from smartprod.encoders import configure_offline, load_encoder
from smartprod.errors import SmartprodError

from .case import Verdict
from .markup import CANARY
from .tables import FIELD_LIMIT, TableCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.encoders import ImageEncoder

    from .images import ImageCase

_STATUSES = frozenset(status.value for status in Status)
_BAD_IMAGE = {Status.CORRUPT, Status.TOO_LARGE}
_UNWANTED = frozenset(map(chr, (*range(9), *range(14, 32), 0xFFFE, 0xFFFF)))
_SMALL_BATCH = 3


def check_html(source: str) -> Verdict:
    """Check that a fragment becomes clean text, alone and as the description of a product."""
    verdict = Verdict()
    text = clean_html(source)
    _expect_clean(text, verdict)
    whole = source.encode("utf-8", "replace").decode()
    cleaned = clean_products(_described([whole, "beside it"]), Config().clean)
    _expect_statuses(cleaned, "text", verdict)
    verdict.expect(cleaned["row"].to_pylist() == [0, 1], "rows", "rows moved")
    verdict.expect(cleaned["text"][1].as_py() == "beside it.", "neighbour", cleaned["text"][1])
    alone = clean_products(_described([whole]), Config().clean)
    verdict.expect(alone.equals(cleaned.slice(0, 1)), "neighbour", "another text than alone")
    _count(verdict, cleaned.slice(0, 1), "text")
    return verdict


def _described(descriptions: Sequence[str]) -> pa.Table:
    """Build product rows that have nothing but a description."""
    count = len(descriptions)
    columns: dict[str, object] = {"row": range(count), "description": descriptions}
    for name in STATUS_FIELDS:
        is_given = name in ("row", "description")
        columns[f"status.{name}"] = [Status.OK.value if is_given else Status.MISSING.value] * count
        columns[f"reason.{name}"] = [None if is_given else "empty"] * count
    schema = product_schema()
    return pa.table(
        [pa.array(columns.get(each.name, [None] * count), each.type) for each in schema], schema=schema
    )


def _expect_clean(text: str, verdict: Verdict) -> None:
    verdict.expect(not _UNWANTED & set(text), "status", f"control characters in {text!a}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        verdict.expect(False, "status", error)


def check_attributes(cell: str) -> Verdict:
    """Check that a cell parses into plain data without running anything, or says why not."""
    verdict = Verdict()
    try:
        parsed = parse_attributes(cell)
    except UnicodeError as error:
        verdict.expect(False, "crash", repr(error))
        return verdict
    except ValueError as error:
        verdict.bad["corrupt"] += 1
        verdict.expect(bool(str(error)), "status", "no reason")
        return verdict
    verdict.ok += 1
    verdict.expect(all(isinstance(key, str) for key in parsed), "status", "a key that is no text")
    _expect_clean(flatten_attributes(parsed), verdict)
    verdict.expect(not Path(CANARY).exists(), "status", "code in an attribute was run")
    return verdict


def check_table(case: TableCase, folder: Path) -> Verdict:
    """Check that a table is read row by row, in one way however it is batched, or refused as a whole with a code."""
    verdict = Verdict()
    path = folder / f"table{case.suffix}"
    path.write_bytes(case.data)
    catalog = Config.model_validate(
        {"catalog": {"path": str(path), "encoding": case.encoding, "max_field_characters": FIELD_LIMIT}}
    ).catalog
    try:
        products = read_products(catalog)
    except SmartprodError as error:
        verdict.bad[error.code] += 1
        verdict.expect(case.rows is None, "status", f"a sound table is refused: {error}")
        return verdict
    count = products.num_rows
    products.validate(full=True)
    verdict.expect(products.schema == product_schema(), "rows", "another schema")
    verdict.expect(products["row"].to_pylist() == list(range(count)), "rows", "row numbers")
    verdict.expect(case.rows in (None, count), "rows", f"{count} rows, not {case.rows}")
    verdict.expect(count_records(catalog) == count, "rows", "counted otherwise than read")
    pieces = pa.Table.from_batches(stream_products(catalog, batch_rows=_SMALL_BATCH), schema=product_schema())
    verdict.expect(pieces.equals(products), "rows", "read otherwise in small batches")
    rest = pa.Table.from_batches(
        stream_products(catalog, batch_rows=_SMALL_BATCH, first_row=count // 2), schema=product_schema()
    )
    verdict.expect(rest.equals(products.slice(count // 2)), "rows", "read otherwise from the middle")
    ids = iter(products["id"].to_pylist())
    verdict.expect(all(sound in ids for sound in case.sound_ids), "rows", f"a sound row is lost: {case.told}")
    for name in STATUS_FIELDS:
        _expect_statuses(products, name, verdict)
    cleaned = clean_products(products, Config().clean)
    verdict.expect(cleaned["row"].to_pylist() == list(range(count)), "rows", "row numbers of clean texts")
    _expect_statuses(cleaned, "text", verdict)
    _count(verdict, products, "row")
    return verdict


def _expect_statuses(table: pa.Table, name: str, verdict: Verdict) -> None:
    """Check that every status is a known one, with a reason where it is not `ok`."""
    statuses, reasons = table[f"status.{name}"].to_pylist(), table[f"reason.{name}"].to_pylist()
    verdict.expect(_STATUSES.issuperset(statuses), "status", f"{name}: {set(statuses)}")
    for status, reason in zip(statuses, reasons, strict=True):
        told = reason is None if status == Status.OK else bool(reason and reason.strip())
        verdict.expect(told, "status", f"{name}: {status} because of {reason!r}")


def _count(verdict: Verdict, table: pa.Table, name: str) -> None:
    for status in table[f"status.{name}"].to_pylist():
        if status == Status.OK:
            verdict.ok += 1
        else:
            verdict.bad[status] += 1


def check_image(case: ImageCase) -> Verdict:
    """Check that a file becomes pixels that its encoder takes, or a problem with a reason."""
    verdict = Verdict()
    encoder = _encoder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own, about metadata
        try:
            pixels = decode_image(case.data, min_side=encoder.min_side, limits=ImageLimits())
        except ImageProblem as problem:
            verdict.bad[problem.status.value] += 1
            verdict.expect(problem.status in _BAD_IMAGE and bool(problem.reason), "status", repr(problem))
            verdict.expect(not case.is_sound, "status", f"a sound file is refused: {problem.reason}")
            return verdict
        verdict.ok += 1
        is_rgb = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
        verdict.expect(is_rgb, "status", f"{pixels.dtype} {pixels.shape}")
        prepared = encoder.prepare(pixels)
        verdict.expect(prepared.dtype == np.uint8 and prepared.shape[0] == 3, "status", prepared.shape)
    return verdict


@cache
def _encoder() -> ImageEncoder:
    config = Config()
    configure_offline(config)
    encoder: ImageEncoder = load_encoder("lite0", modality="image", config=config.extract, threads=1)
    return encoder


def check_embeddings(cases: Sequence[ImageCase], folder: Path) -> Verdict:
    """Check that image files embedded together get what each of them gets alone."""
    paths = []
    for number, case in enumerate(cases):
        paths.append(folder / f"{number}.jpg")
        paths[-1].write_bytes(case.data)
    verdict = Verdict()
    config = Config.model_validate({"extract": {"text": [], "image_batch_size": 8}})
    with warnings.catch_warnings(), Extractor([_encoder()], [], config, store=None, threads=2) as extractor:
        warnings.simplefilter("ignore")
        together = _embed(extractor, paths)
        verdict.expect(together.index["row"].to_pylist() == list(range(len(cases))), "rows", "rows moved")
        _expect_statuses(together.index, "images", verdict)
        _expect_statuses(together.index, "text", verdict)
        _count(verdict, together.index, "images")
        for number, (case, path) in enumerate(zip(cases, paths, strict=True)):
            _expect_own_embedding(together, number, _embed(extractor, [path]), case, verdict)
    return verdict


def _embed(extractor: Extractor, paths: Sequence[Path]) -> Extraction:
    count = len(paths)
    products = pa.table(
        {
            "row": pa.array(range(count), pa.int64()),
            "images": pa.array([[str(path)] for path in paths], pa.list_(pa.string())),
            "status.images": [Status.OK.value] * count,
            "reason.images": pa.nulls(count, pa.string()),
        }
    )
    clean_text = pa.table(
        {
            "row": products["row"],
            "text": pa.nulls(count, pa.string()),
            "status.text": [Status.MISSING.value] * count,
            "reason.text": ["empty"] * count,
        }
    )
    return extractor.run(products, clean_text)


def _expect_own_embedding(
    together: Extraction, number: int, alone: Extraction, case: ImageCase, verdict: Verdict
) -> None:
    """Compare a row's embedding with the one that its file gets by itself, bit by bit."""
    status, key = (together.index[name][number].as_py() for name in ("status.images", "image_key"))
    values = together.image.values[number]
    if status == Status.OK:
        verdict.expect(
            key is not None and bool(together.image.present[number]), "status", f"no embedding: {case.told}"
        )
        verdict.expect(bool(np.isfinite(values).all() and values.any()), "zero", case.told)
    else:
        verdict.expect(
            key is None and not together.image.present[number], "status", f"{status} with a key: {case.told}"
        )
        verdict.expect(not values.any(), "neighbour", f"{status} with an embedding: {case.told}")
    same = together.index.slice(number, 1).drop("row").equals(alone.index.drop("row"))
    told = _without_names(together, number) == _without_names(alone, 0)
    verdict.expect(same or told, "neighbour", f"another index row than alone: {case.told}")
    verdict.expect(
        np.array_equal(values, alone.image.values[0]),
        "neighbour",
        f"another embedding than alone: {case.told}",
    )


def _without_names(extraction: Extraction, number: int) -> list[object]:
    return [
        extraction.index[name][number].as_py()
        for name in ("image_keys", "status.images", "status.text", "text_key")
    ]
