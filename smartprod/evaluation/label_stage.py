"""The stage `report-labels`: answers with several labels on the test part, one HTML page and one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa


@stage(
    "report-labels",
    reads=[
        "products",
        "embedding_index",
        "split",
        "split_account",
        "label_heads",
        "label_leaderboard",
        "label_decision",
        "explanations",
    ],
    writes=["report", "metrics"],
    config=["catalog", "classifier", "decide", "run.name"],
    libraries=["bokeh", "jinja2"],
    packages=[
        "smartprod.embeddings",
        "smartprod.fusion",
        "smartprod.classifiers",
        "smartprod.decision",
        "smartprod.explanation",
        "smartprod.state",
    ],
)
def report_labels(  # noqa: PLR0913, PLR0917  (one argument for each artefact)
    context: StageContext,
    products: pa.Table,
    embedding_index: pa.Table,
    split: pa.Table,
    split_account: Mapping[str, Sequence[str]],
    label_heads: Path,
    label_leaderboard: Sequence[Mapping[str, Any]],
    label_decision: Path,
    explanations: pa.Table | None,
) -> dict[str, object]:
    """Score the sets of labels on the test part; write the report and the metrics.

    Runs from before the stage `explain-labels` have no explanations.
    """
    from smartprod.decision import load_label_decider
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.evaluation.label_sets.data import evaluate_labels
    from smartprod.evaluation.label_sets.document import label_metrics_document, label_score_lines
    from smartprod.evaluation.label_sets.report import build_label_report
    from smartprod.explanation import KeptExplanations, read_explanations

    decider = load_label_decider(label_decision, label_heads)
    store = EmbeddingStore(store_folder(context.config))
    evaluation = evaluate_labels(decider, embedding_index, split, label_heads, store)
    for line in label_score_lines(evaluation):
        context.say(line)
    context.rows(products.num_rows, len(evaluation.rows))
    scores = {
        name: getattr(evaluation.scores, name) for name in ("macro_f1", "micro_f1", "sample_f1", "exact")
    }
    for name, value in (scores | {"tree_f1": evaluation.tree_f1}).items():
        if value == value:  # noqa: PLR0124  (not NaN)
            context.metric(name, value)
    page = build_label_report(
        evaluation,
        products=products,
        config=context.config,
        run=context.run,
        split_account=split_account,
        leaderboard=label_leaderboard,
        explanations=KeptExplanations() if explanations is None else read_explanations(explanations),
    )
    context.say(f"report: {context.run.artefact_path('report')}")
    metrics = label_metrics_document(evaluation, run=context.config.run.name, leaderboard=label_leaderboard)
    return {"report": page, "metrics": metrics}
