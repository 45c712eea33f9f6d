"""`smartprod doctor` on a run folder: look it over, keep the findings in it, and word them for a terminal."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.errors import UsageError
from smartprod.fusion import load_products
from smartprod.pipeline import RunFolder, get_artefact, write_artefact
from smartprod.quality.findings import KIND_TITLES, FindingKind, findings_csv
from smartprod.quality.inspection import Inspected, gather, inspect_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.config import Config
    from smartprod.quality.held_out import HeldOut

_NEEDED = ("products", "clean_text", "embedding_index", "split", "heads")


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What was found in a run.

    Attributes:
        folder: The run folder.
        findings: Ranked, `FINDINGS_SCHEMA`; of one kind where one was asked for.
        titles: The title of each row that the findings name, by row.
        csv: Where all findings were written for a spreadsheet.
    """

    folder: Path
    findings: pa.Table
    titles: dict[int, str]
    csv: Path


def examine_run(folder: Path, *, kind: str | None = None) -> Examined:
    """Look a trained run over and write its findings into its folder.

    Args:
        folder: The run folder.
        kind: Keep findings of this kind only in what is returned; all are written.

    Raises:
        UsageError: There is no trained run (SP690), no such kind (SP691), or it gives several labels (SP692).
    """
    if kind is not None and kind not in set(FindingKind):
        raise UsageError(
            "SP691",
            f"there is no kind of finding called `{kind}`",
            where="--kind",
            fix=f"give one of {', '.join(FindingKind)}",
        )
    run, inspected = RunFolder(folder), _inspected(folder)
    found = inspect_run(inspected, _config_of(run))
    for name, value in (("findings", found), ("findings_csv", findings_csv(found))):
        write_artefact(get_artefact(name), value, run.artefact_path(name))
    chosen = found if kind is None else found.filter(pc.equal(found["kind"], kind))
    return Examined(folder, chosen, _titles(chosen, inspected.products), run.artefact_path("findings_csv"))


def held_out_answers(folder: Path) -> HeldOut:
    """Gather the answers about the labelled rows of a trained run by models that had not seen them.

    Raises:
        UsageError: There is no trained run (SP690), or it gives several labels (SP692).
    """
    inspected = _inspected(folder)
    store = EmbeddingStore(store_folder(_config_of(RunFolder(folder))))
    return gather(inspected, load_products(inspected.embedding_index, None, store))[0]


def _inspected(folder: Path) -> Inspected:
    run = RunFolder(folder)
    if run.artefact_path("label_heads").exists():
        raise UsageError(
            "SP692",
            "this run gives each product several labels; the doctor looks at runs with one category each",
            where=str(folder.absolute()),
            fix=f"learn the first label of each product and look at that run: `smartprod run all --config {shlex.quote(str(run.config_path))} "
            f"run.pipeline=all {shlex.quote(f'run.name={folder.absolute().name}-first')}`",
        )
    missing = [name for name in _NEEDED if not run.artefact_path(name).exists()]
    if missing or not run.config_path.is_file():
        raise UsageError(
            "SP690",
            f"this is no trained run: it lacks {', '.join(missing) or 'config.yaml'}",
            where=str(folder.absolute()),
            fix=_how_to_get_one(folder),
        )
    products, clean_text, index, split = (pa.table(run.read(name)) for name in _NEEDED[:-1])
    return Inspected(products, clean_text, index, split, run.artefact_path("heads"))


def _how_to_get_one(folder: Path) -> str:
    """Say how a trained run comes about; most findings need answers of models that had not seen the row."""
    if folder.is_file():
        table, name = shlex.quote(str(folder)), folder.name.partition(".")[0]
        return (
            f"this is a table; what is wrong with it is found by learning from it: `smartprod init {table}`, "
            f"`smartprod run all --config {name}.yaml`, `smartprod doctor runs/{name}`"
        )
    if folder.name == "model" and RunFolder(folder.parent).config_path.is_file():
        return f"give the run that the model is of: `smartprod doctor {shlex.quote(str(folder.parent))}`"
    return "give the folder of a run whose stage `classify` is done, such as runs/NAME"


def doctor_lines(examined: Examined, *, first: int) -> Iterator[str]:
    """Word the findings for a terminal: a summary, then the first of each kind.

    Args:
        examined: What was found.
        first: How many of each kind are shown.
    """
    lines = examined.findings.to_pylist()
    counts = Counter(line["kind"] for line in lines)
    if not lines:
        yield "nothing to look at"
        return
    for kind in FindingKind:
        if not counts[kind.value]:
            continue
        yield f"{KIND_TITLES[kind]}: {counts[kind.value]:,}"
        for line in [line for line in lines if line["kind"] == kind.value][:first]:
            yield from _wording(line, examined.titles)
        yield ""
    yield f"all {len(lines):,} in {examined.csv}; nothing was changed"


def findings_json(examined: Examined) -> Iterator[str]:
    """Write each finding as one line of JSON with the keys of `FINDINGS_SCHEMA`."""
    for line in examined.findings.to_pylist():
        yield json.dumps({**line, "severity": round(line["severity"], 4)}, ensure_ascii=False)


def _wording(line: dict[str, object], titles: dict[int, str]) -> Iterator[str]:
    rows, ids = line["rows"], line["ids"]
    assert isinstance(rows, list)
    assert isinstance(ids, list)
    about = [str(line["class"])] if line["class"] else []
    if rows:
        number = ids[0] or f"row {rows[0]}"
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        about.append(f"{number}{more} {_cut(titles.get(rows[0], ''), 60)!r}")
    yield f"  {line['rank']:>4}  {'  '.join(about) or line['evidence']}"
    if about:
        yield f"        {line['evidence']}"
    yield f"        -> {line['suggestion']}"


def _cut(text: str, characters: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= characters else plain[: characters - 1] + "…"


def _titles(findings: pa.Table, products: pa.Table) -> dict[int, str]:
    wanted = sorted({row for rows in findings["rows"].to_pylist() for row in rows})
    titles = products["title"].take(pa.array(wanted, pa.int64())).to_pylist()
    return {row: title or "" for row, title in zip(wanted, titles, strict=True)}


def _config_of(run: RunFolder) -> Config:
    """The configuration that the run was made with, its folder being where it lies now."""
    folder, name = run.root.absolute().parent, run.root.absolute().name
    return load_config(str(run.config_path), [f"run.folder={folder}", f"run.name={name}"]).config
