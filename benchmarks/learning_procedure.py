"""smartprod's own learning procedure on the learned rows of one division: all its candidates, and the heads it chooses."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from learning_candidates import Variant, load_learning, speed, spread
from learning_scores import Answers
from learning_sets import LearningSet, inner_split

from smartprod.classifiers.candidates import Candidate, Comparison, fit_final, validate_candidates
from smartprod.classifiers.leaderboard import STACK, LeaderboardEntry, choose_heads, compare
from smartprod.classifiers.stacking import mix
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.config import Config, load_config
from smartprod.decision import HeadAnswers, combine, cross_fit_folds, learn_calibration
from smartprod.decision.threshold import learn_threshold
from smartprod.fusion import (
    LearningData,
    ProductEmbeddings,
    fitting_workers,
    load_representations,
)
from smartprod.pipeline import RunFolder, StageContext, load_stages

SMARTPROD = "smartprod"
HEADS = {"image": "smartprod: image head", "text": "smartprod: text head"}
IMAGE_THEN_TEXT = "smartprod: image-then-text"
_LISTING = "representations.json"


def ask_variant(
    data: LearningSet, variant: Variant, learned: np.ndarray, judged: np.ndarray, kept: Path
) -> Iterator[Answers]:
    """Run smartprod's procedure on the learned rows and ask all its candidates; for the defaults also the chosen heads.

    What the fuse stage makes with its default settings is kept in the folder `kept` for the variants that share it.
    """
    config = variant_config(data.name, variant, Path(data.config.run.folder))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        split = inner_split(data, learned, folds=variant.inner_folds)
        if variant.fuses:
            fused = _run_stage("fuse", {**data.artefacts, "split": split}, config, run)
        else:
            whole = {**data.artefacts, "split": inner_split(data, learned)}
            fused = _fuse_once(whole, config, run, kept)
        chosen = _choose_representations(data, variant, fused["representations"], Path(folder))
        artefacts = {**data.artefacts, "split": split, "representations": chosen}
        artefacts |= _run_stage("resample", artefacts, config, run)
        learning = load_learning(data, artefacts["split"])
        comparison = _comparison(learning, artefacts, config)
        with fitting_workers(learning, available=1) as workers:
            candidates = validate_candidates(comparison, workers=workers)
            choosing = time.perf_counter() - start
            asked = list(_ask_candidates(candidates, comparison, data.products.take(judged)))
    for answers in asked:
        all_classes = (spread(each, learning, data) for each in (answers.raw, answers.calibrated))
        name = f"{variant.name}: {answers.candidate}" if variant.name else answers.candidate
        yield Answers(name, *all_classes, answers.fit_seconds, answers.rows_per_second)
    if variant.name:
        return
    for answers in _ask_heads(candidates, {each.candidate: each for each in asked}, learning, config):
        all_classes = (spread(each, learning, data) for each in (answers.raw, answers.calibrated))
        yield Answers(
            answers.candidate, *all_classes, answers.fit_seconds + choosing, answers.rows_per_second
        )


@dataclass(frozen=True, slots=True, eq=False)
class _AskedHead:
    """A head's answers, and its calibrated answers about the inner held-out rows, float32 [M, C], with their classes."""

    answers: Answers
    held_out: np.ndarray
    labels: np.ndarray


@lru_cache
def variant_config(set_name: str, variant: Variant, runs: Path) -> Config:
    """The configuration of a set with the overrides of a variant."""
    return load_config(set_name, [f"run.folder={runs}", *variant.overrides]).config


def _run_stage(name: str, artefacts: Mapping[str, Any], config: Config, run: RunFolder) -> Mapping[str, Any]:
    stage = load_stages()[name]
    context = StageContext(config, stage=name, run=run)
    return stage.function(context, **{each: artefacts[each] for each in stage.reads})


def _fuse_once(artefacts: Mapping[str, Any], config: Config, run: RunFolder, kept: Path) -> Mapping[str, Any]:
    """Run the fuse stage, unless `kept` has what it makes."""
    if not kept.exists():
        made = _run_stage("fuse", artefacts, config, run)["representations"]
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, kept)
    return {"representations": kept}


def _choose_representations(data: LearningSet, variant: Variant, made: Path, folder: Path) -> Path:
    """A view of the `representations` artefact with those that the variant's classifiers see."""
    if not variant.representations or len(data.modalities) < 2:
        return made
    names = json.loads((made / _LISTING).read_text(encoding="utf-8"))
    view = folder / "chosen"
    view.mkdir()
    for fold in names:
        (view / fold).symlink_to(made / fold, target_is_directory=True)
    kept = {
        fold: [name for name in named if name in variant.representations] for fold, named in names.items()
    }
    (view / _LISTING).write_text(json.dumps(kept), encoding="utf-8")
    return view


def _comparison(learning: LearningData, artefacts: Mapping[str, Any], config: Config) -> Comparison:
    return Comparison(
        learning,
        artefacts["representations"],
        artefacts["training_rows"],
        config.classifier,
        config.run.seed,
    )


def _ask_candidates(
    candidates: Sequence[Candidate], comparison: Comparison, judge: ProductEmbeddings
) -> Iterator[Answers]:
    learning, final = comparison.data, load_representations(comparison.representations)
    truth = learning.labels[learning.validated()]
    for candidate in candidates:
        representation = final[candidate.representation]
        start = time.perf_counter()
        fitted = fit_final(comparison, candidate, representation, threads=1).classifier
        seconds = time.perf_counter() - start
        raw = fitted.log_probabilities(representation.embed(judge))
        able = ~np.isnan(candidate.log_probabilities).any(axis=1)
        temperature = fit_temperature(candidate.log_probabilities[able], truth[able])
        rate = speed(
            lambda rows, classifier=fitted, see=representation: classifier.log_probabilities(see.embed(rows)),
            judge,
        )
        yield Answers(candidate.name, raw, apply_temperature(raw, temperature), seconds, rate)


def _ask_heads(
    candidates: Sequence[Candidate], asked: Mapping[str, Answers], learning: LearningData, config: Config
) -> Iterator[Answers]:
    """The stack, the chosen heads, and the mode image-then-text, put together from the answers of their members."""
    metric, seed = config.classifier.metric, config.run.seed
    with_stack = STACK in config.fuse.candidates
    board = compare(candidates, learning, metric=metric, with_stack=with_stack)
    chosen = choose_heads(board, metric=metric, seed=seed)
    main = "fused" if "fused" in chosen else "image"
    stack = next((entry for entry in board[main] if entry.name == STACK), None)
    if stack is not None:
        yield replace(_ask_entry(stack, asked, learning, config).answers, candidate=STACK)
    heads = {name: _ask_entry(entry, asked, learning, config) for name, entry in chosen.items()}
    yield replace(heads[main].answers, candidate=SMARTPROD)
    if main == "fused":
        yield from (replace(heads[name].answers, candidate=title) for name, title in HEADS.items())
        yield _image_then_text(heads, config)


def _ask_entry(
    entry: LeaderboardEntry, asked: Mapping[str, Answers], learning: LearningData, config: Config
) -> _AskedHead:
    parts = [asked[member.candidate.name] for member in entry.members]
    raw = mix(
        np.stack(
            [apply_temperature(part.raw, m.temperature) for part, m in zip(parts, entry.members, strict=True)]
        ),
        np.asarray([member.weight for member in entry.members]),
    )
    fold_of_row = np.zeros(len(learning.rows), dtype=np.int64)
    for number, fold in enumerate(learning.folds):
        fold_of_row[fold.validation] = number
    folds = cross_fit_folds(fold_of_row[learning.validated()[entry.rows]])
    learned = learn_calibration(
        entry.log_probabilities, entry.labels, folds, choice=config.decide.calibration
    )
    seconds = sum(part.fit_seconds for part in parts)
    answers = Answers(entry.name, raw, learned.calibrator.apply(raw), seconds, _one_after_the_other(parts))
    return _AskedHead(answers, np.exp(learned.log_probabilities), entry.labels)


def _image_then_text(heads: Mapping[str, _AskedHead], config: Config) -> Answers:
    image = heads["image"]
    threshold = learn_threshold(
        image.held_out.max(axis=1),
        image.held_out.argmax(axis=1) == image.labels,
        target=config.decide.target_accuracy,
        confidence_level=config.decide.confidence_level,
    )
    parts = [heads[name].answers for name in HEADS]
    rows = np.arange(len(parts[0].raw))
    answers = {
        name: HeadAnswers(rows, np.exp(part.calibrated)) for name, part in zip(HEADS, parts, strict=True)
    }
    combined = combine(answers, len(rows), mode="image-then-text", cheapest="image", ask_next=threshold.value)
    logs = np.log(np.maximum(combined.probabilities, 1e-12))
    seconds = sum(part.fit_seconds for part in parts)
    return Answers(IMAGE_THEN_TEXT, logs, logs, seconds, _one_after_the_other(parts))


def _one_after_the_other(parts: Sequence[Answers]) -> float:
    return 1 / sum(1 / part.rows_per_second for part in parts)
