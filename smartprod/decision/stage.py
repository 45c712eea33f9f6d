"""The `decide` stage: calibration, thresholds, open set and back-off, learned from held-out answers."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.decision.calibration import CalibratedAnswers
    from smartprod.decision.cascade import Cascade
    from smartprod.decision.learning import LearnedDecider
    from smartprod.decision.open_set import LearnedRejection
    from smartprod.decision.threshold import AcceptanceThreshold
    from smartprod.decision.words_head import LearnedWords
    from smartprod.fusion import LearningData
    from smartprod.pipeline import RunFolder


def _check_costs(config: Config) -> None:
    """Read the table of costs before anything is computed; its names are looked up when the classes are known."""
    if config.decide.costs is not None:
        from smartprod.decision.costs import read_costs

        read_costs(config.decide.costs, None)


def _costs_identity(config: Config, run: RunFolder) -> str:
    """The content of the table of costs."""
    del run
    source = config.decide.costs
    path = Path(source) if source else None
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else ""


@stage(
    "decide",
    reads=["clean_text", "embedding_index", "split", "heads"],
    writes=["decision"],
    config=["decide", "catalog.category_separator", "run.seed"],
    identity=_costs_identity,
    check=_check_costs,
    libraries=["scikit-learn", "scipy"],
    packages=[
        "smartprod.embeddings",
        "smartprod.fusion",
        "smartprod.resampling",
        "smartprod.classifiers",
        "smartprod.state",
    ],
)
def decide(
    context: StageContext, clean_text: pa.Table, embedding_index: pa.Table, split: pa.Table, heads: Path
) -> dict[str, object]:
    """Calibrate the heads and learn when an answer is accepted, backed off, rejected or sent to review."""
    from smartprod.classifiers import load_heads, load_validation
    from smartprod.decision.learning import FirstHeads, learn_decider
    from smartprod.decision.storage import save_decision
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import alignment_request, fitting_threads, load_learning_data

    store = EmbeddingStore(store_folder(context.config))
    alignment = alignment_request(context.config)
    data = load_learning_data(embedding_index, split, store, alignment=alignment)
    with fitting_threads(data.elements, available=context.threads):
        learned = learn_decider(
            load_heads(heads),
            load_validation(heads),
            data,
            config=context.config.decide,
            separator=context.config.catalog.category_separator,
            may_be_first=FirstHeads(_words(context, clean_text, data), _seconds(context)),
        )
    folder = context.folder("decision")
    save_decision(learned.decider, folder)
    context.rows(len(data.rows), len(learned.positions))
    _tell(context, learned)
    return {"decision": folder}


def _words(context: StageContext, clean_text: pa.Table, data: LearningData) -> LearnedWords | None:
    """Learn the words head, where it may be asked."""
    if context.config.decide.cheapest not in {"auto", "words"}:
        return None
    from smartprod.decision.words_head import learn_words

    return learn_words(clean_text["text"].take(data.rows).to_pylist(), data, seed=context.seed)


def _seconds(context: StageContext) -> dict[str, float]:
    """Seconds per image and per text of this run's extraction, the ratio as a power of two.

    Times differ from run to run, and a choice that hangs on them should not. Equal where nothing was computed.
    """
    from smartprod.embeddings import extraction_manifest

    manifest = extraction_manifest(context.run)
    rates = {} if manifest is None else manifest.metrics
    images, texts = (float(rates.get(f"{name}_per_second", 0)) for name in ("images", "texts"))
    if not (images > 0 and texts > 0):
        return {"image": 1.0, "text": 1.0}
    return {"image": 2.0 ** round(math.log2(texts / images)), "text": 1.0}


def _tell_cascade(context: StageContext, cascade: Cascade) -> None:
    context.metric("cheapest_first_kept", cascade.kept)
    context.say(
        f"cheapest-first: {cascade.first} answers first and {cascade.kept:.1%} of the held-out rows alone, from "
        f"{cascade.ask_next:.3f} on; {cascade.loss:.2%} of accuracy lost"
    )


def _calibration(learned: CalibratedAnswers) -> str:
    """How a head was calibrated, and what the methods would do to its log-loss."""
    from smartprod.decision.calibration import TemperatureScaling

    calibrator = learned.calibrator
    told = f"calibrated by {calibrator.method}"
    if isinstance(calibrator, TemperatureScaling):
        told += f" {calibrator.temperature:.3f}"
    if len(learned.log_loss) > 1:
        told += (
            f" (log-loss {', '.join(f'{method} {loss:.4f}' for method, loss in learned.log_loss.items())})"
        )
    return told


def _why(accepted: AcceptanceThreshold) -> str:
    """Why no threshold keeps the promise, and what would help."""
    shortfall = accepted.shortfall
    if shortfall is None or math.isnan(shortfall.surest_accuracy):
        return "There are no held-out rows to learn it from"
    surest = f"{shortfall.surest_accuracy:.1%} of the surest rows are right"
    if shortfall.rows_needed is None:
        return f"{surest}: more rows of this kind would not help, lower the target"
    if shortfall.rows_needed <= accepted.rows:  # too few by a hair: what is right is rounded down
        return f"{surest}: a few more held-out rows would do"
    return f"{surest}: about {shortfall.rows_needed:,} held-out rows would do, or a lower target"


def _tell_sets(context: StageContext, learned: LearnedDecider) -> None:
    """Tell how large the prediction sets are on the held-out rows."""
    coverage, least = context.config.decide.prediction_sets, learned.decider.settings.least_in_set
    if coverage is None or least is None:
        return
    from smartprod.decision.prediction_sets import EVERY_CLASS, prediction_sets

    if least == EVERY_CLASS:
        context.say(
            f"prediction sets: {learned.accepted.rows} held-out rows cannot promise decide.prediction_sets={coverage:g}: "
            "every set holds every category"
        )
        return
    answered = learned.combined.answered
    sizes = prediction_sets(learned.combined.probabilities[answered], least).sum(axis=1)
    context.metric("set_size", float(sizes.mean()))
    context.say(
        f"prediction sets: categories from {least:.3f} hold the true one for {coverage:.0%} of new products; "
        f"{sizes.mean():.2f} categories on average, one for {(sizes == 1).mean():.1%} of the held-out rows"
    )


def _tell(context: StageContext, learned: LearnedDecider) -> None:
    config, settings = context.config.decide, learned.decider.settings
    for name, threshold in learned.heads.items():
        context.say(
            f"{name:6} {_calibration(learned.calibrations[name])}; alone it keeps {config.target_accuracy:.0%} on "
            + (f"{threshold.coverage:.1%} of its rows" if threshold.attainable else "none of its rows")
        )
    accepted = learned.accepted
    if config.review_below is not None:
        context.say(
            f"mode {config.mode}: answers below decide.review_below={config.review_below:g} go to review"
        )
    elif accepted.attainable:
        context.say(
            f"mode {config.mode}: answers from {accepted.value:.3f} are accepted: {accepted.coverage:.1%} of the "
            f"held-out rows, {accepted.accuracy:.1%} of them right (promised: {config.target_accuracy:.0%}, "
            f"{config.confidence_level:.0%} sure)"
        )
    else:
        context.say(
            f"mode {config.mode}: no threshold keeps decide.target_accuracy={config.target_accuracy:g} on "
            f"{accepted.rows:,} held-out rows, so no answer is accepted: it goes to review or backs off. "
            + _why(accepted)
        )
    if config.back_off and config.review_below is None and learned.backed_off.coverage > 0:
        backed_off = learned.backed_off
        context.say(
            f"ancestors from {backed_off.value:.3f} are answered for {backed_off.coverage:.1%} of the "
            f"{backed_off.rows} other rows, {backed_off.accuracy:.1%} of them right"
        )
    _tell_sets(context, learned)
    _tell_cascade(context, learned.cascade)
    context.metric("accept", settings.accept)
    context.metric("coverage", accepted.coverage)
    _tell_open_set(context, learned.rejection)


def _tell_open_set(context: StageContext, rejection: LearnedRejection) -> None:
    config = context.config.decide.open_set
    if rejection.thresholds:
        context.say(
            f"open set {config.method}: at most {config.false_rejection_rate:.1%} of known products are rejected "
            f"({', '.join(f'{name} {rejection.rows[name]:,} held-out rows' for name in rejection.thresholds)})"
        )
    for name in sorted(rejection.rows.keys() - rejection.thresholds.keys()):
        context.say(
            f"open set {config.method}: the {name} head rejects nothing: {rejection.rows[name]} held-out rows cannot "
            f"promise decide.open_set.false_rejection_rate={config.false_rejection_rate:g}"
        )
