"""Whole tables of broken rows, scored end to end with a small model."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.catalog import Status, read_products
from smartprod.config import Config
from smartprod.demo import render_catalogue
from smartprod.model import Answerer, answered_table, load_model
from smartprod.scoring import score_table

from .case import Verdict, case_random
from .images import image_case
from .tables import COLUMNS, random_record

if TYPE_CHECKING:
    import random

ROWS = 40
_QUICK = (
    "split.folds=2", "fuse.candidates=[concat]", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
    "classifier.logistic.max_iterations=100", "report.map_points=50", "report.explained_rows=0",
)  # fmt: skip
_IMAGE_NAMES = ("{}.jpg", "photo of {}.png", "größe {}.webp", "фото{}.gif", "📷 {}.tif", "UPPER{}.JPG")


def train_model(folder: Path, *, products: int) -> Path:
    """Render a small demo catalogue and train on it, in a process of its own; returns the model folder."""
    render_catalogue(folder / "catalogue", products=products, workers=1)
    command = [sys.executable, "-m", "smartprod", "run", "all", "--config", "demo"]
    overrides = (
        f"catalog.path={folder / 'catalogue/products.csv'}",
        f"run.folder={folder / 'runs'}",
        *_QUICK,
    )
    subprocess.run([*command, *overrides], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    (model,) = folder.glob("runs/*/model")
    return model


def check_whole_table(seed: int, folder: Path, model: Path) -> Verdict:
    """Check that each row of a broken table is answered as it would be alone, or says why it is not."""
    chance = case_random("whole table", seed)
    records = [_record(chance, number, seed, folder) for number in range(ROWS)]
    table = _write(chance, records, folder)
    out = folder / "scored.parquet"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score_table(
            table, model=model, out=out, overrides=["score.part_rows=16", "score.max_bad_fraction=1.0"]
        )
        scored = pq.read_table(out)
        alone = _answer_alone(model, table)
    verdict = Verdict()
    verdict.expect(scored["row"].to_pylist() == list(range(ROWS)), "rows", "rows are lost or moved")
    verdict.expect(not list(folder.glob("*.parts")), "rows", "parts are left behind")
    for row, own, record in zip(scored.to_pylist(), alone.to_pylist(), records, strict=True):
        verdict.expect(row["id"] == record["id"], "rows", f"id {row['id']!r}, not {record['id']!r}")
        _judge(row, own, verdict)
    return verdict


def _record(chance: random.Random, number: int, seed: int, folder: Path) -> dict[str, str]:
    record = {name: cell.replace("\0", "") for name, cell in random_record(chance, number).items()}
    if chance.random() < 0.8:
        name = chance.choice(_IMAGE_NAMES).format(number)
        (folder / name).write_bytes(image_case(seed * ROWS + number).data)
        record["image"] = name
        record["other_images"] = ""
    if chance.random() < 0.6:
        record["attributes"] = json.dumps({"colour": chance.choice(("red", "blue")), "size": number})
    if chance.random() < 0.2:
        record |= dict.fromkeys(("title", "description", "attributes"), "")
    return record


def _write(chance: random.Random, records: list[dict[str, str]], folder: Path) -> Path:
    """Write a table that is itself in order, in some format."""
    whole = [
        {name: cell.encode("utf-8", "replace").decode() for name, cell in record.items()}
        for record in records
    ]
    match chance.randrange(3):
        case 0:
            path = folder / "table.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, quoting=csv.QUOTE_ALL)
                writer.writeheader()
                writer.writerows(whole)
        case 1:
            path = folder / "table.jsonl"
            path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        case _:
            path = folder / "table.parquet"
            pq.write_table(pa.Table.from_pylist(whole), path)
    return path


@cache
def _answerer(model: Path) -> Answerer:
    return Answerer.open(load_model(model))


def _answer_alone(model: Path, table: Path) -> pa.Table:
    """Answer for each row of a table by itself."""
    answerer = _answerer(model)
    config = answerer.config.catalog.model_copy(update={"path": str(table), "image_root": None})
    products = read_products(config)
    modalities = [encoder.modality for encoder in answerer.model.record.encoders]
    return pa.concat_tables(
        answered_table(
            answerer.answer(products.slice(number, 1)),
            classes=answerer.model.classes,
            modalities=modalities,
            top_k=Config().score.top_k,
        )
        for number in range(products.num_rows)
    )


def _judge(row: dict[str, object], own: dict[str, object], verdict: Verdict) -> None:
    status, confidence = str(row["status"]), row["confidence"]
    if status == Status.OK:
        verdict.ok += 1
    else:
        verdict.bad.update(status.split(";"))
        verdict.expect(bool(row["reason"]), "status", f"{status} without a reason")
    is_number = isinstance(confidence, float) and math.isfinite(confidence) and 0 <= confidence <= 1
    answered = row["head"] is not None
    verdict.expect(
        is_number if answered else confidence is None, "zero", f"{row['head']}: confidence {confidence}"
    )
    verdict.expect(answered or row["decision"] == "review", "status", f"no head, but {row['decision']}")
    for name in ("status", "reason", "head"):
        verdict.expect(row[name] == own[name], "neighbour", f"{name} {row[name]!r}, alone {own[name]!r}")
    if isinstance(confidence, float) and isinstance(own["confidence"], float):
        own_confidence = own["confidence"]
        # Matrix products of more rows may differ in the last bits; the embeddings do not.
        verdict.expect(
            math.isclose(confidence, own_confidence, abs_tol=1e-5),
            "neighbour",
            f"confidence {confidence}, alone {own_confidence}",
        )
