"""Bring together what the report is made of, from the artefacts of the earlier stages."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import platform
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod._version import __version__
from smartprod.classifiers import load_validation
from smartprod.decision import NoCalibration, cross_fit_folds, learn_calibration
from smartprod.embeddings import EmbeddingStore, encoders_of, store_folder
from smartprod.evaluation.curves import read_trainings
from smartprod.evaluation.data import (
    UNKNOWN_CLASS,
    AccountSection,
    ChosenHead,
    EmbeddingMapInput,
    HeadPredictions,
    LeaderboardRow,
    ReportData,
    ScoredDecisions,
    StageCost,
)
from smartprod.evaluation.macro_categories import MacroCategories, find_macro_categories, sample_rows
from smartprod.evaluation.mode_assembly import DECISION, ask_all, encoding_costs
from smartprod.evaluation.other_images import read_other_images
from smartprod.evaluation.prediction_sets import score_sets
from smartprod.evaluation.product_reader import ProductReader
from smartprod.evaluation.sections.domains import domain_sections
from smartprod.evaluation.sweeps import read_sweep
from smartprod.explanation import KeptExplanations, read_explanations
from smartprod.fusion import load_products
from smartprod.quality import findings_from_table
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.decision import Decider, Decisions, HeadAnswers
    from smartprod.fusion import ProductEmbeddings
    from smartprod.pipeline import RunFolder

_STAGE_TITLES = {
    "catalog": "Product table",
    "clean": "Cleaning",
    "extract": "Extraction",
    "decide": "Calibration and thresholds",
}
_SPLIT_TITLES = {
    "class_policy": "Class policy",
    "split": "Split",
    "leakage": "Leakage",
    "conflicts": "Conflicting labels",
}
_LIBRARIES = (
    "torch",
    "timm",
    "transformers",
    "sentence-transformers",
    "scikit-learn",
    "lightgbm",
)


@dataclass(frozen=True, slots=True, eq=False)
class Artefacts:
    """What the report stage reads."""

    products: pa.Table
    clean_text: pa.Table
    embedding_index: pa.Table
    split: pa.Table
    split_account: Mapping[str, Sequence[str]]
    leaderboard: Sequence[Mapping[str, object]]
    heads: Path
    findings: pa.Table
    other_images: pa.Table | None = None
    explanations: pa.Table | None = None


def assemble(artefacts: Artefacts, decider: Decider, config: Config, run: RunFolder) -> ReportData:
    """Answer the test part with the final model, and gather everything that the report shows."""
    parts = np.asarray(artefacts.split["part"].to_pylist(), dtype=object)
    labels = _class_indices(artefacts.split["label"].to_pylist(), decider.classes)
    store = EmbeddingStore(store_folder(config))
    test_rows = np.flatnonzero(parts == "test")
    test_products = load_products(artefacts.embedding_index, test_rows, store)
    texts = artefacts.clean_text["text"].take(test_rows).to_pylist()
    asked = ask_all(decider, test_products, texts, test_rows, labels[test_rows])
    answers = {name: asked.heads[name] for name in decider.head_set.heads}
    decisions = decider.decide(test_products, asked.heads)
    promised = config.decide.prediction_sets
    explained = (
        KeptExplanations() if artefacts.explanations is None else read_explanations(artefacts.explanations)
    )
    learned = np.isin(parts, ["train", "val"])
    return ReportData(
        run_name=config.run.name,
        classes=decider.classes,
        train_counts=np.bincount(labels[learned & (labels >= 0)], minlength=len(decider.classes)),
        test=_test_predictions(answers, test_rows, labels),
        validation=_validation_predictions(artefacts, decider),
        chosen=_chosen_head(artefacts.leaderboard, decider),
        separator=config.catalog.category_separator,
        validation_kind=_validation_kind(artefacts.split, config),
        leaderboard=_leaderboard(artefacts.leaderboard),
        decisions=_scored_decisions(decisions, decider, artefacts.split, test_rows),
        together=asked.together,
        modes=asked.modes,
        encoding=encoding_costs(test_products, run),
        sets=score_sets(decisions.sets, labels[test_rows], promised=promised)
        if decisions.sets is not None and promised is not None
        else None,
        thresholds=dict.fromkeys((*decider.head_set.heads, DECISION), decider.settings.accept),
        target_accuracy=config.decide.target_accuracy,
        products=ProductReader(artefacts.products, artefacts.split, config.catalog.remote),
        embedding_map=_embedding_map(artefacts.embedding_index, parts, labels, store, config),
        findings=tuple(findings_from_table(artefacts.findings)),
        findings_shown=config.quality.shown,
        accounts=_accounts(artefacts.split_account, run),
        notes=tuple(artefacts.split_account["notes"]),
        config_yaml=config_yaml(config),
        versions=library_versions(),
        shots=config.report.shots,
        costs=decider.costs,
        stage_costs=stage_costs(run),
        trainings=read_trainings(run, [each.name for each in encoders_of(artefacts.embedding_index)]),
        sweep=read_sweep(run),
        sections=domain_sections(artefacts.embedding_index, artefacts.split, asked.together, store, config),
        other_images=read_other_images(
            artefacts.other_images, partial(image_on_disk, config=config.catalog.remote)
        ),
        macro_categories=_macro_categories(
            artefacts.embedding_index,
            np.where(learned, labels, UNKNOWN_CLASS),
            decider.classes,
            store,
            config,
        ),
        explanations=explained.explanations,
        unexplained=explained.reason,
    )


def _class_indices(labels: Sequence[str | None], classes: Sequence[str]) -> np.ndarray:
    index = {name: number for number, name in enumerate(classes)}
    return np.asarray([index.get(label or "", UNKNOWN_CLASS) for label in labels], dtype=np.int64)


def _test_predictions(
    answers: Mapping[str, HeadAnswers], test_rows: np.ndarray, labels: np.ndarray
) -> tuple[HeadPredictions, ...]:
    return tuple(
        HeadPredictions(
            name, test_rows[each.positions], labels[test_rows[each.positions]], each.probabilities
        )
        for name, each in answers.items()
    )


def _validation_predictions(artefacts: Artefacts, decider: Decider) -> tuple[HeadPredictions, ...]:
    """Held-out answers, each calibrated by a calibrator of its head's kind that has not seen its fold."""
    folds = np.asarray(artefacts.split["fold"].to_numpy())
    found = []
    for name, each in load_validation(artefacts.heads).items():
        method = decider.calibrators.get(name, NoCalibration()).method
        calibrated = learn_calibration(
            each.log_probabilities, each.labels, cross_fit_folds(folds[each.rows]), choice=method
        )
        found.append(HeadPredictions(name, each.rows, each.labels, np.exp(calibrated.log_probabilities)))
    return tuple(found)


def _chosen_head(leaderboard: Sequence[Mapping[str, object]], decider: Decider) -> ChosenHead:
    """The head that is asked first about a product that has everything, and what it is made of."""
    first = {"image-then-text": "image", "cheapest-first": decider.settings.cheapest}.get(
        decider.settings.mode, "fused"
    )
    name = next(name for name in (first, "fused", "image", "text") if name in decider.head_set.heads)
    entry = next(entry for entry in leaderboard if entry["head"] == name and entry["chosen"])
    return ChosenHead(name, f"{entry['name']}, held-out macro-F1 {float(str(entry['macro_f1'])):.3f}")


def _validation_kind(split: pa.Table, config: Config) -> str:
    folds = int(np.asarray(split["fold"].to_numpy()).max(initial=-1)) + 1
    if folds:
        return f"{folds}-fold cross-validation over the train and val parts, whole groups held out"
    return "the val part"


def _leaderboard(entries: Sequence[Mapping[str, object]]) -> tuple[LeaderboardRow, ...]:
    rows = []
    for entry in entries:
        representation, plus, kind = str(entry["name"]).partition("+")
        rows.append(
            LeaderboardRow(
                name=str(entry["name"]),
                kind=kind if plus else "mixture",
                representation=representation if plus else "stack",
                accuracy=_number(entry.get("accuracy")),
                macro_f1=_number(entry.get("macro_f1")),
                log_loss=_number(entry.get("log_loss")),
                seconds=_number(entry.get("seconds")),
                chosen=bool(entry["chosen"]),
                head=str(entry["head"]),
                note=f"skipped: {entry['skipped']}" if "skipped" in entry else "",
                standard_error=_number(entry.get("standard_error")),
                rows_per_second=_number(entry.get("rows_per_second")),
            )
        )
    return tuple(rows)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _scored_decisions(
    decisions: Decisions, decider: Decider, split: pa.Table, test_rows: np.ndarray
) -> ScoredDecisions:
    truth = split["label"].take(test_rows).to_pylist()
    guesses = np.nan_to_num(decisions.probabilities, nan=-1.0).argmax(axis=1) if len(test_rows) else test_rows
    predicted = [
        category if category is not None else (decider.classes[guess] if head else "")
        for category, guess, head in zip(decisions.category, guesses, decisions.head, strict=True)
    ]
    return ScoredDecisions(
        rows=test_rows,
        truth=tuple(truth),
        predicted=tuple(predicted),
        confidence=decisions.confidence,
        head=tuple(decisions.head),
        decision=tuple(decisions.decision),
    )


def _embedding_map(
    index: pa.Table, parts: np.ndarray, labels: np.ndarray, store: EmbeddingStore, config: Config
) -> EmbeddingMapInput | None:
    """Sample rows of the three parts that have all modalities in use, and embed them side by side."""
    rows = np.flatnonzero(np.isin(parts, ["train", "val", "test"]))
    limit = 2 * config.report.map_points
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(config.run.seed).choice(rows, limit, replace=False))
    products: ProductEmbeddings = load_products(index, rows, store)
    blocks = [each for each in (products.image, products.text) if each.present.any()]
    able = np.logical_and.reduce([each.present for each in blocks] or [np.zeros(len(rows), bool)])
    if not able.any():
        return None
    name = " + ".join(name for name in ("image", "text") if products.modality(name).present.any())
    embedding = np.hstack([each.values for each in blocks])[able]
    rows = rows[able]
    return EmbeddingMapInput(name, embedding, labels[rows], tuple(parts[rows]), rows)


def _macro_categories(
    index: pa.Table, labels: np.ndarray, classes: tuple[str, ...], store: EmbeddingStore, config: Config
) -> MacroCategories | None:
    """Group the classes by the embeddings of a sample of their training rows."""
    rows = sample_rows(labels, seed=config.run.seed)
    return find_macro_categories(
        load_products(index, rows, store),
        labels[rows],
        classes,
        number=config.report.macro_categories,
        separator=config.catalog.category_separator,
    )


def _accounts(split_account: Mapping[str, Sequence[str]], run: RunFolder) -> tuple[AccountSection, ...]:
    sections = []
    for name, title in _STAGE_TITLES.items():
        manifest = run.manifest(name)
        if manifest is not None:
            sections.append(AccountSection(title, tuple(manifest.lines)))
    sections += [AccountSection(title, tuple(split_account[key])) for key, title in _SPLIT_TITLES.items()]
    return tuple(sections)


def stage_costs(run: RunFolder) -> tuple[StageCost, ...]:
    """What the finished stages of a run cost, in the order in which they ended; the report's own is not known yet."""
    manifests = [run.manifest(path.parent.name) for path in run.root.glob("*/manifest.json")]
    known = [each for each in manifests if each is not None and not each.stage.startswith("report")]
    return tuple(
        StageCost(
            stage=each.stage,
            rows_in=each.rows_in,
            rows_out=each.rows_out,
            seconds=each.seconds,
            memory=each.peak_memory_mib,
            finished=each.finished[:19].replace("T", " "),
        )
        for each in sorted(known, key=lambda each: each.finished)
    )


def config_yaml(config: Config) -> str:
    """The configuration in force, as YAML."""
    import yaml

    return yaml.safe_dump(json.loads(config.model_dump_json()), sort_keys=False, allow_unicode=True)


def library_versions() -> dict[str, str]:
    """Versions of what is installed; smartprod itself may run from a checkout that is not."""
    versions = {"python": platform.python_version(), "smartprod": __version__}
    for name in _LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions
