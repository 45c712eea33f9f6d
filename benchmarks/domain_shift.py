"""From studio photos to photos of shops and homes: what helps on frozen embeddings (`domain_finetuning.py`: in fine-tuning).

Two shifts: grocery-store `iconic` (one studio photo of each of 81 classes) to `natural`, and the demo catalogue's studio
pictures to its photos. Every method learns from labelled studio photos and may look at photos of the other domain without
their labels: the train and val parts of grocery's natural photos, half of the demo's photos. It is scored on others: the test
part, the other half. `seen too` marks the rows that also look at the photos they are scored on (never at labels).
`domains` is how well a linear classifier tells both domains' embeddings apart (held-out AUROC; 0.5: not at all).

    SMARTPROD_DATA=/path/to/sets python benchmarks/domain_shift.py [--views five_crops --layers several] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from domain_methods import (
    adapted_prototypes,
    adversarial,
    label_propagation,
    logistic,
    prototypes,
    self_training,
    subspace_alignment,
)
from sklearn.metrics import f1_score

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.evaluation.domains import domain_auroc
from smartprod.fusion import fit_alignment, load_products
from smartprod.pipeline import Pipeline, RunConsole, RunFolder, run_pipeline

STAGES = ("catalog", "clean", "extract", "split")
Answer = Callable[[np.ndarray], np.ndarray]
"""From embeddings of the target domain float32 [N, D] to class names, str [N]."""


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """Labelled embeddings of one domain, unlabelled ones of another, and those that score.

    Attributes:
        name: Such as `grocery iconic>natural`.
        source: float32 [N, D].
        labels: Class names, str [N].
        unlabelled: float32 [M, D].
        unlabelled_labels: Their labels, for the bound that peeks at them, str [M].
        judged: float32 [T, D].
        truth: str [T].
    """

    name: str
    source: np.ndarray
    labels: np.ndarray
    unlabelled: np.ndarray
    unlabelled_labels: np.ndarray
    judged: np.ndarray
    truth: np.ndarray

    def aligned(self, method: str) -> Shift:
        """The same with the source moved to the target's unlabelled photos."""
        return replace(self, source=fit_alignment(self.source, self.unlabelled, method).apply(self.source))

    def seeing_all(self) -> Shift:
        """The same with the judged photos among the unlabelled ones."""
        return replace(self, unlabelled=np.vstack([self.unlabelled, self.judged]))


def load_shift(name: str, folder: Path, arguments: argparse.Namespace) -> Shift:
    """Extract and divide one of the sets."""
    overrides = [f"run.folder={folder}", f"run.name={name}-{arguments.views}-{arguments.layers}", "extract.text=[]",
                 f"extract.views={arguments.views}", f"extract.layers={arguments.layers}"]  # fmt: skip
    if name == "demo":
        overrides += [f"catalog.demo.products={arguments.products}"]
    loaded = load_config(name, overrides)
    run_pipeline(Pipeline("shift", "A table to embeddings.", STAGES), loaded, console=RunConsole(quiet=True))
    run = RunFolder.of(loaded.config)
    products, index = (pq.read_table(run.artefact_path(each)) for each in ("products", "embedding_index"))
    image = load_products(index, None, EmbeddingStore(store_folder(loaded.config))).image
    labels = np.asarray([paths[0] if paths else "" for paths in products["category"].to_pylist()])
    domains = np.asarray([each or "" for each in products["domain"].to_pylist()])
    usable = image.present & (labels != "")
    if name == "grocery":
        parts = np.asarray([each or "" for each in products["split"].to_pylist()])
        source, judged = domains == "iconic", parts == "test"
        unlabelled = np.isin(parts, ["train", "val"])
    else:
        source = domains == "studio"
        groups = np.asarray([each or "" for each in products["group"].to_pylist()])
        apart = ~np.isin(groups, list(set(groups[source & usable].tolist()) - {""}))
        photos = np.flatnonzero(
            (domains == "photo") & usable & apart & np.isin(labels, labels[source & usable])
        )
        photos = np.random.default_rng(0).permutation(photos)
        unlabelled, judged = (np.isin(np.arange(len(labels)), each) for each in (photos[::2], photos[1::2]))
    rows = [np.flatnonzero(mask & usable) for mask in (source, unlabelled, judged)]
    if arguments.quick:
        rows = [rows[0], rows[1][:400], rows[2][:400]]
    values = image.values
    return Shift(
        {"grocery": "grocery iconic>natural", "demo": "demo studio>photo"}[name],
        values[rows[0]], labels[rows[0]], values[rows[1]], labels[rows[1]], values[rows[2]], labels[rows[2]],
    )  # fmt: skip


def methods(shift: Shift, *, quick: bool) -> Iterator[tuple[str, Shift, Answer]]:
    """Every method, with the shift as it sees it."""
    yield "logistic regression", shift, logistic(shift.source, shift.labels)
    yield "nearest prototype", shift, prototypes(shift.source, shift.labels)
    for method in ("mean", "standard", "coral"):
        aligned = shift.aligned(method)
        yield f"align: {method}", aligned, logistic(aligned.source, shift.labels)
    seen = shift.seeing_all().aligned("mean")
    yield "align: mean, seen too", seen, logistic(seen.source, shift.labels)
    yield "subspace alignment", shift, subspace_alignment(shift.source, shift.labels, shift.unlabelled)
    mean, standard = shift.aligned("mean"), shift.aligned("standard")
    if not quick:
        yield "gradient reversal", shift, adversarial(shift.source, shift.labels, shift.unlabelled)
        yield "mean + gradient reversal", mean, adversarial(mean.source, shift.labels, shift.unlabelled)
    yield "mean + self-training", mean, self_training(mean.source, shift.labels, shift.unlabelled)
    yield "mean + label propagation", mean, label_propagation(mean.source, shift.labels, shift.unlabelled)
    yield "mean + prototype", mean, prototypes(mean.source, shift.labels, center=shift.unlabelled)
    yield "mean + adapted prototypes", mean, adapted_prototypes(mean.source, shift.labels, shift.unlabelled)
    yield (
        "standard + adapted protot.",
        standard,
        adapted_prototypes(standard.source, shift.labels, shift.unlabelled),
    )
    known = np.isin(shift.unlabelled_labels, shift.labels)
    bound = logistic(shift.unlabelled[known], shift.unlabelled_labels[known])
    yield "(labels of the target)", shift, bound


def measure(shift: Shift, *, quick: bool) -> dict[str, float]:
    """Score every method and print its line."""
    print(
        f"{shift.name}: {len(shift.source)} labelled, {len(shift.unlabelled)} unlabelled, {len(shift.truth)} judge"
    )
    print(f"  {'method':26} {'accuracy':>8} {'coarse':>8} {'macro-F1':>8} {'domains':>8}")
    figures: dict[str, float] = {}
    for method, seen, answer in methods(shift, quick=quick):
        given = answer(shift.judged)
        scores = {
            "accuracy": float((given == shift.truth).mean()),
            "coarse": float((_coarse(given) == _coarse(shift.truth)).mean()),
            "macro_f1": float(f1_score(shift.truth, given, average="macro", labels=np.unique(shift.truth), zero_division=0)),
            "domains": domain_auroc(seen.source, shift.judged, seed=0),
        }  # fmt: skip
        print(f"  {method:26} " + " ".join(f"{each:8.3f}" for each in scores.values()), flush=True)
        key = f"{shift.name}.{method}".replace(" ", "_")
        figures |= {f"{key}.{score}": value for score, value in scores.items()}
    return figures


def _coarse(labels: np.ndarray) -> np.ndarray:
    return np.asarray([" > ".join(label.split(" > ")[:2]) for label in labels])


def main() -> None:
    """Measure both shifts, print a table for each, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", choices=["grocery", "demo"], default=["grocery", "demo"])
    parser.add_argument("--views", default="one", choices=["one", "flip", "five_crops"])
    parser.add_argument("--layers", default="final", choices=["final", "several"])
    parser.add_argument("--products", type=int, default=1200, help="of the demo catalogue")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument(
        "--quick", action="store_true", help="a small demo catalogue only, and no training of networks"
    )
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    if arguments.quick:
        arguments.sets, arguments.products = ["demo"], 300
    if not (Path(os.environ.get("SMARTPROD_DATA", "")) / "grocery-store").is_dir():
        arguments.sets = [each for each in arguments.sets if each != "grocery"]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.sets:
            figures |= measure(load_shift(name, folder, arguments), quick=arguments.quick)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
