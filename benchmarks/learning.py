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
from learning_candidates import PlainGroup, Variant, ask_plain, plain_groups, variants
from learning_page import figures_of, lines_of, write_page
from learning_procedure import ask_variant, variant_config
from learning_scores import Result, score
from learning_sets import FOLDS, QUICK_SET, SETS, Division, divide, divisions, load_set, prepare_set
from learning_tables import Measured, SetResults

from smartprod.config import load_config
from smartprod.pipeline import limit_threads


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work: some plain models, or one variant of the procedure, on one division."""

    division: Division
    asked: PlainGroup | Variant
    folder: Path

    @property
    def path(self) -> Path:
        """Where its results are kept; the name changes with the configuration."""
        name = re.sub(r"\W+", "-", self.asked.name or "default")
        if isinstance(self.asked, Variant):
            sections = ("split", "fuse", "resample", "classifier", "decide")
            config = variant_config(self.division.set_name, self.asked, self.folder / "runs")
            settings = repr((self.asked, [getattr(config, each) for each in sections]))
            name += f"-{zlib.crc32(settings.encode()):08x}"
        return self.folder / "results" / self.division.set_name / self.division.name / f"{name}.json"

    def fused(self, variant: Variant) -> Path:
        """Where the fuse stage's representations are kept for the variants that share them."""
        config = variant_config(self.division.set_name, variant, self.folder / "runs")
        key = f"{zlib.crc32(repr((config.split, config.fuse)).encode()):08x}"
        return self.folder / "fused" / self.division.set_name / f"{self.division.name}-{key}"


def pieces(name: str, arguments: argparse.Namespace) -> Iterator[Piece]:
    """The pieces of one set, the baseline and the defaults of all divisions first."""
    baseline, *plain = plain_groups()
    default, *others = variants()
    has_text = bool(load_config(name).config.extract.text)
    wanted = [
        each for each in others if re.search(arguments.only, each.name) and (has_text or not each.fuses)
    ]
    everything = (baseline, default) if arguments.quick else (baseline, default, *plain, *wanted)
    for asked in everything:
        for division in divisions(name, arguments.repeats):
            if asked.repeats is None or (division.repeat or 0) < asked.repeats:
                yield Piece(division, asked, arguments.folder)


def measure(piece: Piece) -> None:
    """Do one piece of work and keep its results."""
    limit_threads(1)
    data = load_set(piece.division.set_name, piece.folder / "runs")
    learned, judged = divide(data, piece.division)
    labels = np.searchsorted(data.classes, data.labels[judged])
    if isinstance(piece.asked, PlainGroup):
        answered = list(ask_plain(data, piece.asked, learned, judged))
    else:
        kept = piece.fused(piece.asked)
        answered = list(ask_variant(data, piece.asked, learned, judged, kept))
        if piece.division.repeat:  # variants share those of the first repeat only
            shutil.rmtree(kept, ignore_errors=True)
    results = [asdict(score(answers, labels)) for answers in answered]
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
