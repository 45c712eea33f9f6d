"""smartprod's own learning procedure on the learned rows of one division: all its candidates, and the heads it chooses."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from learning_candidates import Variant, load_learning, speed, spread
from learning_scores import Answers
from learning_sets import LearningSet, inner_split

from smartprod.classifiers.candidates import Candidate, fit_final, validate_candidates
from smartprod.classifiers.leaderboard import STACK, LeaderboardEntry, choose_heads, compare
from smartprod.classifiers.stacking import mix
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.config import Config, load_config
from smartprod.decision.answers import HeadAnswers, combine
from smartprod.decision.threshold import learn_threshold
from smartprod.fusion import (
    MODALITIES,
    LearningData,
    ProductEmbeddings,
    fitting_threads,
    load_representations,
)
from smartprod.pipeline import RunFolder, StageContext, load_stages

SMARTPROD = "smartprod"
HEADS = {"image": "smartprod: image head", "text": "smartprod: text head"}
IMAGE_THEN_TEXT = "smartprod: image-then-text"


def ask_variant(
    data: LearningSet, variant: Variant, learned: np.ndarray, judged: np.ndarray
) -> Iterator[Answers]:
    """Run smartprod's procedure on the learned rows and ask all its candidates; for the defaults also the chosen heads."""
    config = variant_config(data.name, variant, Path(data.config.run.folder))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        artefacts = _run_stages(
            data, config, inner_split(data, learned, folds=variant.inner_folds), Path(folder), variant
        )
        learning = load_learning(data, artefacts["split"])
        with fitting_threads(learning.elements, available=1) as threads:
            candidates = validate_candidates(
                learning,
                artefacts["representations"],
                artefacts["training_rows"],
                config=config.classifier,
                seed=config.run.seed,
                threads=threads,
            )
            choosing = time.perf_counter() - start
            asked = list(_ask_candidates(candidates, learning, artefacts, data.products.take(judged), config))
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


@lru_cache
def variant_config(set_name: str, variant: Variant, runs: Path) -> Config:
    """The configuration of a set with the overrides of a variant."""
    return load_config(set_name, [f"run.folder={runs}", *variant.overrides]).config


def _run_stages(
    data: LearningSet, config: Config, split: Any, folder: Path, variant: Variant
) -> Mapping[str, Any]:
    """Run the stages between split and classify in a folder of their own."""
    artefacts: dict[str, Any] = {**data.artefacts, "split": split}
    for name in ("fuse", "resample"):
        stage = load_stages()[name]
        context = StageContext(config, stage=name, run=RunFolder(folder))
        artefacts |= stage.function(context, **{each: artefacts[each] for each in stage.reads})
        if name == "fuse" and variant.name and len(data.modalities) > 1:
            _leave_out_single(artefacts["representations"])
    return artefacts


def _leave_out_single(representations: Path) -> None:
    """Drop image and text alone: the defaults have measured them."""
    listing = representations / "representations.json"
    names = json.loads(listing.read_text(encoding="utf-8"))
    kept = {fold: [each for each in named if each not in MODALITIES] for fold, named in names.items()}
    listing.write_text(json.dumps(kept), encoding="utf-8")


def _ask_candidates(
    candidates: Sequence[Candidate],
    learning: LearningData,
    artefacts: Mapping[str, Any],
    judge: ProductEmbeddings,
    config: Config,
) -> Iterator[Answers]:
    final = load_representations(artefacts["representations"])
    truth = learning.labels[learning.validated()]
    for candidate in candidates:
        representation = final[candidate.representation]
        start = time.perf_counter()
        fitted = fit_final(
            candidate,
            representation,
            learning,
            artefacts["training_rows"],
            config=config.classifier,
            seed=config.run.seed,
            threads=1,
        ).classifier
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
        yield replace(_ask_entry(stack, asked), candidate=STACK)
    heads = {name: _ask_entry(entry, asked) for name, entry in chosen.items()}
    yield replace(heads[main], candidate=SMARTPROD)
    if main == "fused":
        yield from (replace(heads[name], candidate=title) for name, title in HEADS.items())
        yield _image_then_text(heads, chosen["image"], config)


def _ask_entry(entry: LeaderboardEntry, asked: Mapping[str, Answers]) -> Answers:
    parts = [asked[member.candidate.name] for member in entry.members]
    raw = mix(
        np.stack(
            [apply_temperature(part.raw, m.temperature) for part, m in zip(parts, entry.members, strict=True)]
        ),
        np.asarray([member.weight for member in entry.members]),
    )
    temperature = fit_temperature(entry.log_probabilities, entry.labels)
    seconds = sum(part.fit_seconds for part in parts)
    rate = 1 / sum(1 / part.rows_per_second for part in parts)
    return Answers(entry.name, raw, apply_temperature(raw, temperature), seconds, rate)


def _image_then_text(heads: Mapping[str, Answers], image: LeaderboardEntry, config: Config) -> Answers:
    held_out = np.exp(
        apply_temperature(image.log_probabilities, fit_temperature(image.log_probabilities, image.labels))
    )
    threshold = learn_threshold(
        held_out.max(axis=1),
        held_out.argmax(axis=1) == image.labels,
        target=config.decide.target_accuracy,
        confidence_level=config.decide.confidence_level,
    )
    rows = np.arange(len(heads["image"].raw))
    answers = {name: HeadAnswers(rows, np.exp(heads[name].calibrated)) for name in HEADS}
    combined = combine(answers, len(rows), mode="image-then-text", cheapest="image", ask_next=threshold.value)
    logs = np.log(np.maximum(combined.probabilities, 1e-12))
    seconds = sum(heads[name].fit_seconds for name in HEADS)
    rate = 1 / sum(1 / heads[name].rows_per_second for name in HEADS)
    return Answers(IMAGE_THEN_TEXT, logs, logs, seconds, rate)
