"""The `export` stage: the model folder to score with."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from smartprod.model.card import HeadFigures, TrainingFigures
    from smartprod.model.reference import ReferenceRows
    from smartprod.pipeline import TableFile


@stage(
    "export",
    reads=["products", "embedding_index", "split", "heads", "decision", "leaderboard", "metrics"],
    streams=["products"],
    writes=["model"],
    config=["run.name", "catalog", "clean", "extract", "decide", "export", "score"],
    libraries=["safetensors", "pyyaml"],
)
def export(
    context: StageContext,
    products: TableFile,
    embedding_index: pa.Table,
    split: pa.Table,
    heads: Path,
    decision: Path,
    leaderboard: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Any],
) -> dict[str, object]:
    """Save heads, decision and configuration as a model folder that verifies itself."""
    from smartprod.decision import load_decider
    from smartprod.embeddings import encoders_of, with_finetuned_encoders
    from smartprod.model.saving import save_model

    folder = context.folder("model")
    decider = load_decider(decision, heads)
    encoders = encoders_of(embedding_index)
    figures = training_figures(count_fitted(embedding_index, split), leaderboard, metrics)
    save_model(
        folder,
        decider=decider,
        encoders=encoders,
        config=with_finetuned_encoders(context.config, context.run, encoders),
        figures=figures,
        reference=_reference(context, products, embedding_index, heads),
    )
    context.say(
        f"{len(decider.classes):,} classes, heads {', '.join(decider.head_set.heads)}, mode {decider.settings.mode}"
    )
    tell_model(context, folder, classes=len(decider.classes))
    return {"model": folder}


def _reference(
    context: StageContext, products: TableFile, embedding_index: pa.Table, heads: Path
) -> ReferenceRows | None:
    if context.config.export.reference == "none":
        return None
    from smartprod.embeddings import ImageLimits
    from smartprod.model.run_model import chosen_reference
    from smartprod.model.shown_products import gather_shown

    reference = chosen_reference(heads, embedding_index, context.config)
    if context.config.export.reference != "full":
        return reference
    section = context.config.extract
    limits = ImageLimits(section.max_image_megapixels, section.max_image_megabytes)
    shown = gather_shown(products, reference.rows, limits=limits, threads=context.threads)
    return replace(reference, shown=shown)


def tell_model(context: StageContext, folder: Path, *, classes: int) -> None:
    """Tell how big the model folder is."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    context.metric("classes", classes)
    context.metric("bytes", size)
    context.say(f"{len(files)} files, {size / 1e6:,.1f} MB: {context.run.artefact_path('model')}")


def training_figures(
    rows: int, leaderboard: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]
) -> TrainingFigures:
    """Gather the figures of the model card from the artefacts `leaderboard` and `metrics`."""
    from smartprod.model.card import TrainingFigures

    decisions: Mapping[str, Any] = metrics.get("decisions") or {}
    return TrainingFigures(
        rows=rows,
        heads=tuple(_head_figures(leaderboard, metrics.get("test") or {})),
        accepted_share=_number(decisions.get("accepted_share")),
        accepted_accuracy=_number(decisions.get("accepted_accuracy")),
        measured_on=f"{decisions.get('rows', 0):,} test rows",
    )


def _head_figures(
    leaderboard: Sequence[Mapping[str, Any]], test: Mapping[str, Mapping[str, Any]]
) -> Iterator[HeadFigures]:
    from smartprod.model.card import HeadFigures

    for entry in leaderboard:
        if not entry["chosen"]:
            continue
        for part, scores in (("validation", entry), ("test", test.get(entry["head"]))):
            if scores and scores["rows"]:
                accuracy, macro_f1 = _number(scores["accuracy"]), _number(scores["macro_f1"])
                yield HeadFigures(entry["head"], entry["name"], part, scores["rows"], accuracy, macro_f1)


def count_fitted(embedding_index: pa.Table, split: pa.Table) -> int:
    """Count the labelled rows of train and val that have an embedding: the ones that the heads were fitted on."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labelled = pc.is_in(split["part"], value_set=pa.array(["train", "val"]))
    embedded = pc.or_(pc.is_valid(embedding_index["image_key"]), pc.is_valid(embedding_index["text_key"]))
    return int(pc.sum(pc.and_(labelled, embedded), min_count=0).as_py() or 0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else nan
