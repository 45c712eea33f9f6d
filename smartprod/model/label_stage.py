"""The `export-labels` stage: the model folder of a model that gives products several labels."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from smartprod.model.stage import count_fitted, tell_model
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa


@stage(
    "export-labels",
    reads=["embedding_index", "split", "label_heads", "label_decision", "metrics"],
    writes=["model"],
    config=["run.name", "catalog", "clean", "extract", "decide", "score"],
    libraries=["safetensors", "pyyaml"],
)
def export_labels(
    context: StageContext,
    embedding_index: pa.Table,
    split: pa.Table,
    label_heads: Path,
    label_decision: Path,
    metrics: Mapping[str, Any],
) -> dict[str, object]:
    """Save heads, thresholds and configuration as a model folder that verifies itself."""
    from smartprod.decision import load_label_decider
    from smartprod.embeddings import encoders_of, with_finetuned_encoders
    from smartprod.model.label_card import LabelFigures, save_label_model

    folder = context.folder("model")
    decider = load_label_decider(label_decision, label_heads)
    scores: Mapping[str, Any] = metrics["scores"] or {}
    encoders = encoders_of(embedding_index)
    figures = LabelFigures(
        rows=count_fitted(embedding_index, split),
        part=str(metrics["part"]),
        measured=int(scores.get("rows") or 0),
        macro_f1=_number(scores.get("macro_f1")),
        exact=_number(scores.get("exact")),
    )
    save_label_model(
        folder,
        decider=decider,
        encoders=encoders,
        config=with_finetuned_encoders(context.config, context.run, encoders),
        figures=figures,
    )
    context.say(f"{len(decider.classes):,} labels, heads {', '.join(decider.head_set.heads)}")
    tell_model(context, folder, classes=len(decider.classes))
    return {"model": folder}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else nan
