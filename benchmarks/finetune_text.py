"""Compare a frozen text encoder with the same one after it has learned from the train rows, on the same test rows.

Both are followed by the same classifier: logistic regression (C=30, class-balanced) on L2-normalised embeddings, fitted on
the train rows; once on the encoder alone, once with `hashed-words` beside it. Val decides when the training stops (and is
shown), test is scored once. Fine-tuning is `smartprod run finetune-text` with the shipped config of the set.

    SMARTPROD_DATA=/path/to/sets python benchmarks/finetune_text.py [--sets myntra ...] [--epochs N] [--max-tokens N]
        [--learning-rate R] [--lora-rank N] [--precision bf16] [--threads N] [--folder F] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from smartprod.config import Config, load_config
from smartprod.embeddings import with_finetuned_encoders
from smartprod.encoders import load_encoder
from smartprod.pipeline import RunConsole, RunFolder, cpu_count, load_pipeline, run_pipeline

SETS = ("bestbuy", "myntra", "magento")
QUICK = ("magento",)
WORDS = "hashed-words"


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one classifier on one part."""

    encoders: str
    part: str
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Texts of one part, and their classes."""

    texts: list[str]
    labels: np.ndarray


def measure(name: str, folder: Path, overrides: list[str]) -> tuple[list[Score], dict[str, float]]:
    """Fine-tune on one set and score both sides."""
    loaded = load_config(name, [f"run.folder={folder}", *overrides])
    run = run_pipeline(load_pipeline("finetune-text"), loaded, console=RunConsole(quiet=True)).run
    parts = {part: _rows(run, part) for part in ("train", "val", "test")}
    base = str(loaded.config.finetune.text.encoder)
    tuned = with_finetuned_encoders(loaded.config, run).extract.text[0]
    words = {part: _embed(WORDS, rows, loaded.config) for part, rows in parts.items()}
    scores = []
    for side, encoder in (("frozen", base), ("tuned", tuned)):
        alone = {part: _embed(encoder, rows, loaded.config) for part, rows in parts.items()}
        both = {part: np.hstack([alone[part], words[part]]) for part in parts}
        scores += _score(side, alone, parts) + _score(f"{side} + {WORDS}", both, parts)
    history = run.read("text_training")
    manifest = run.manifest("finetune-text")
    assert isinstance(history, dict)
    assert manifest is not None
    best = history["epochs"][history["best_epoch"] - 1]
    return scores, {
        "epochs": len(history["epochs"]),
        "best_epoch": history["best_epoch"],
        "own_classifier.val.macro_f1": best["val_macro_f1"],
        "own_classifier.val.accuracy": best["val_accuracy"],
        "seconds": manifest.seconds,
    }


def _rows(run: RunFolder, part: str) -> Rows:
    split = pq.read_table(run.artefact_path("split"))
    texts = pq.read_table(run.artefact_path("clean_text"))["text"].to_pylist()
    chosen = [
        row
        for row, (its_part, label) in enumerate(
            zip(split["part"].to_pylist(), split["label"].to_pylist(), strict=True)
        )
        if its_part == part and label is not None and texts[row]
    ]
    return Rows([texts[row] for row in chosen], np.asarray(split["label"].take(chosen).to_pylist()))


def _embed(encoder: str, rows: Rows, config: Config) -> np.ndarray:
    threads = config.run.threads or cpu_count()
    opened = load_encoder(encoder, modality="text", config=config.extract, threads=threads)
    embeddings = opened.encode(rows.texts)
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


def _score(encoders: str, embeddings: dict[str, np.ndarray], parts: dict[str, Rows]) -> list[Score]:
    model = LogisticRegression(C=30, class_weight="balanced", max_iter=1000)
    model.fit(embeddings["train"], parts["train"].labels)
    scores = []
    for part in ("val", "test"):
        truth, predicted = parts[part].labels, model.predict(embeddings[part])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            macro_f1 = f1_score(truth, predicted, average="macro", labels=np.unique(truth), zero_division=0)
        scores.append(Score(encoders, part, float(accuracy_score(truth, predicted)), float(macro_f1)))
    return scores


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--encoder", default="minilm", help="what to start from")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--max-tokens", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--lora-rank", type=int)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, help="keep runs here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set, two epochs, 48 tokens")
    arguments = parser.parse_args()
    epochs = arguments.epochs or (2 if arguments.quick else None)
    given = {
        "finetune.text.encoder": arguments.encoder,
        "finetune.text.epochs": epochs,
        "finetune.text.max_tokens": arguments.max_tokens or (48 if arguments.quick else None),
        "finetune.text.learning_rate": arguments.learning_rate,
        "finetune.text.lora_rank": arguments.lora_rank,
        "finetune.text.precision": arguments.precision,
        "run.threads": arguments.threads,
    }
    overrides = [f"{key}={value}" for key, value in given.items() if value is not None]
    figures: dict[str, float] = {}
    print(f"{'set':9} {'embeddings':24} {'val acc':>8} {'val F1':>8} {'test acc':>8} {'test F1':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK if arguments.quick else SETS):
            scores, more = measure(name, arguments.folder or Path(temporary), overrides)
            for val, test in zip(scores[::2], scores[1::2], strict=True):
                print(
                    f"{name:9} {val.encoders:24} {val.accuracy:8.4f} {val.macro_f1:8.4f} {test.accuracy:8.4f} {test.macro_f1:8.4f}",
                    flush=True,
                )
            for score in scores:
                key = f"{name}.{score.encoders.replace(' + ', '_with_').replace('-', '_')}.{score.part}"
                figures[f"{key}.accuracy"], figures[f"{key}.macro_f1"] = score.accuracy, score.macro_f1
            figures |= {f"{name}.{key}": value for key, value in more.items()}
            ratio = figures[f"{name}.tuned.test.macro_f1"] / figures[f"{name}.frozen.test.macro_f1"]
            figures[f"{name}.ratio"] = ratio
            print(f"{name:9} tuned / frozen, macro-F1 on test: {ratio:.3f}; kept epoch {more['best_epoch']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
