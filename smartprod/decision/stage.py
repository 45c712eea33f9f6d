"""The `decide` stage: calibration, thresholds, open set and back-off, learned from held-out answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.decision.learning import LearnedDecider
    from smartprod.decision.open_set import LearnedRejection


@stage(
    "decide",
    reads=["embedding_index", "split", "heads"],
    writes=["decision"],
    config=["decide", "catalog.category_separator", "run.seed"],
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
    context: StageContext, embedding_index: pa.Table, split: pa.Table, heads: Path
) -> dict[str, object]:
    """Calibrate the heads and learn when an answer is accepted, backed off, rejected or sent to review."""
    from smartprod.classifiers import load_heads, load_validation
    from smartprod.decision.learning import learn_decider
    from smartprod.decision.storage import save_decision
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion import fitting_threads, load_learning_data

    data = load_learning_data(embedding_index, split, EmbeddingStore(store_folder(context.config)))
    with fitting_threads(data.elements, available=context.threads):
        learned = learn_decider(
            load_heads(heads),
            load_validation(heads),
            data,
            config=context.config.decide,
            separator=context.config.catalog.category_separator,
        )
    folder = context.folder("decision")
    save_decision(learned.decider, folder)
    context.rows(len(data.rows), len(learned.positions))
    _tell(context, learned)
    return {"decision": folder}


def _tell(context: StageContext, learned: LearnedDecider) -> None:
    config, settings = context.config.decide, learned.decider.settings
    for name, threshold in learned.heads.items():
        context.say(
            f"{name:6} temperature {settings.temperatures[name]:.3f}; alone it keeps {config.target_accuracy:.0%} on "
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
            f"{accepted.rows} held-out rows: every answer goes to review or backs off; lower the target"
        )
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
