"""Compare ways of learning on the same embeddings of the same rows: plain models, every candidate, and what smartprod chooses.

Two measurements for each set, on the embedded encoders:

- given: learned on train and val, judged on the test rows. The headline; nothing is chosen by it.
- folds: repeated grouped 5-fold cross-validation over the train and val rows, by which defaults are chosen. Everything
  learned (block weights, projections, temperatures, the choice itself) is learned anew inside each fold's learned rows.

Each finished piece is kept in `--folder`, so an interrupted or extended run goes on. Remove it after changing code.

    SMARTPROD_DATA=/path/to/sets python benchmarks/learning.py [--sets myntra ...] [--repeats 3] [--only PATTERN]
        [--folder FOLDER] [--workers 2] [--json FILE] [--write docs/ablation.md] [--finished] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from learning_candidates import Variant, ask_plain, variants
from learning_page import figures_of, lines_of, write_page
from learning_procedure import ask_variant, variant_config
from learning_scores import Result, score
from learning_sets import FOLDS, QUICK_SET, SETS, Division, divide, divisions, load_set, prepare_set
from learning_tables import Measured, SetResults

from smartprod.config import load_config
from smartprod.pipeline import limit_threads

PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work: the plain models, or one variant of the procedure, on one division."""

    division: Division
    variant: Variant | None
    folder: Path

    @property
    def path(self) -> Path:
        """Where its results are kept; the name changes with the configuration."""
        name = PLAIN if self.variant is None else re.sub(r"\W+", "-", self.variant.name or "default")
        settings = "" if self.variant is None else repr((self.variant, self._learning_config()))
        key = f"{zlib.crc32(settings.encode()):08x}"
        return self.folder / "results" / self.division.set_name / self.division.name / f"{name}-{key}.json"

    @property
    def fused(self) -> Path:
        """Where the fuse stage's representations are kept for the variants that share them."""
        assert self.variant is not None
        config = variant_config(self.division.set_name, self.variant, self.folder / "runs")
        key = f"{zlib.crc32(repr((config.split, config.fuse)).encode()):08x}"
        return self.folder / "fused" / self.division.set_name / f"{self.division.name}-{key}"

    def _learning_config(self) -> str:
        assert self.variant is not None
        config = variant_config(self.division.set_name, self.variant, self.folder / "runs")
        return repr([getattr(config, each) for each in ("split", "fuse", "resample", "classifier", "decide")])


def pieces(name: str, arguments: argparse.Namespace) -> Iterator[Piece]:
    """The pieces of one set, the defaults of all divisions first."""
    everything = [None, *variants()]
    has_text = bool(load_config(name).config.extract.text)
    if arguments.quick:
        everything = everything[:2]
    for variant in everything:
        if not _wanted(variant, arguments.only, has_text):
            continue
        for division in divisions(name, arguments.repeats):
            limit = None if variant is None else variant.repeats
            if limit is None or division.repeat is None or division.repeat < limit:
                yield Piece(division, variant, arguments.folder)


def _wanted(variant: Variant | None, pattern: str, has_text: bool) -> bool:
    """The plain models and the defaults always are; others by name, and where there is something to fuse."""
    if variant is None or not variant.name:
        return True
    return re.search(pattern, variant.name) is not None and (has_text or not variant.fuses)


def measure(piece: Piece) -> None:
    """Do one piece of work and keep its results."""
    limit_threads(1)
    data = load_set(piece.division.set_name, piece.folder / "runs")
    learned, judged = divide(data, piece.division)
    labels = np.searchsorted(data.classes, data.labels[judged])
    asked = (
        ask_plain(data, learned, judged)
        if piece.variant is None
        else ask_variant(data, piece.variant, learned, judged, piece.fused)
    )
    results = [asdict(score(answers, labels)) for answers in asked]
    if piece.variant is not None and piece.division.repeat:
        shutil.rmtree(piece.fused, ignore_errors=True)  # variants share those of the first repeat only
    document = {
        "learned": len(learned),
        "groups": data.groups[judged].tolist(),
        "labels": labels.tolist(),
        "results": results,
    }
    piece.path.parent.mkdir(parents=True, exist_ok=True)
    temporary = piece.path.with_suffix(".partial")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(piece.path)


def collect(name: str, wanted: list[Piece]) -> SetResults:
    """Read the results of a set's pieces."""
    measured: list[Measured] = []
    for piece in wanted:
        document = json.loads(piece.path.read_text(encoding="utf-8"))
        for entry in document["results"]:
            result = Result(**{**entry, "predicted": tuple(entry["predicted"])})
            labels, groups = tuple(document["labels"]), tuple(document["groups"])
            measured.append(Measured(piece.division, document["learned"], labels, groups, result))
    return SetResults(name, tuple(measured))


def main() -> None:
    """Measure what is missing, print the tables and checks, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=(*SETS, QUICK_SET))
    parser.add_argument("--repeats", type=int, default=3, help="repeats of the outer cross-validation")
    parser.add_argument("--only", default="", help="only variants whose name matches this regular expression")
    parser.add_argument("--folder", type=Path, help="keep runs, embeddings and finished pieces here")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--write", type=Path, help="replace the tables of this page")
    parser.add_argument("--finished", action="store_true", help="measure nothing: show what is finished")
    parser.add_argument("--quick", action="store_true", help="the smallest set, one repeat, no variants")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats = 1
    names = arguments.sets or ((QUICK_SET,) if arguments.quick else SETS)
    with tempfile.TemporaryDirectory() as temporary:
        arguments.folder = (arguments.folder or Path(temporary)).absolute()
        found = [_measure_set(name, arguments) for name in names]
    found = [each for each in found if each.measured]
    for each in found:
        print("\n".join(lines_of(each)), flush=True)
    if arguments.write:
        write_page(arguments.write, found)
    if arguments.json:
        figures = {key: value for each in found for key, value in figures_of(each).items()}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _measure_set(name: str, arguments: argparse.Namespace) -> SetResults:
    if arguments.finished:
        return collect(name, [piece for piece in pieces(name, arguments) if piece.path.exists()])
    prepare_set(name, arguments.folder / "runs")
    wanted = list(pieces(name, arguments))
    missing = [piece for piece in wanted if not piece.path.exists()]
    print(f"{name}: {len(missing)} of {len(wanted)} pieces to do, {FOLDS} folds", flush=True)
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(measure, piece) for piece in missing]:
            done.result()
    return collect(name, wanted)


if __name__ == "__main__":
    main()
