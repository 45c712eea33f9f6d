"""The `report` stage: the model's answers on the test part, one HTML page and one JSON document."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.pipeline import RunFolder


def training_identity(config: Config, run: RunFolder) -> str:
    """Describe the training histories in the run folder: not every pipeline trains encoders, so they are not declared inputs."""
    del config
    from smartprod.evaluation.curves import training_files

    return hashlib.sha256(b"".join(path.read_bytes() for path in training_files(run))).hexdigest()


def beside_identity(config: Config, run: RunFolder) -> str:
    """Describe what the report shows without declaring it: the training histories, and the table of a sweep."""
    from smartprod.evaluation.sweeps import sweep_file

    table = sweep_file(run)
    return training_identity(config, run) + (
        hashlib.sha256(table.read_bytes()).hexdigest() if table.exists() else ""
    )


@stage(
    "report",
    reads=[
        "products",
        "clean_text",
        "embedding_index",
        "split",
        "split_account",
        "heads",
        "leaderboard",
        "decision",
        "findings",
        "other_images",
        "explanations",
    ],
    writes=["report", "metrics", "answers"],
    config=[
        "report",
        "quality.shown",
        "decide",
        "classifier.metric",
        "catalog.category_separator",
        "run.seed",
        "run.name",
    ],
    libraries=["scikit-learn", "bokeh", "jinja2"],
    packages=[
        "smartprod.embeddings",
        "smartprod.fusion",
        "smartprod.classifiers",
        "smartprod.decision",
        "smartprod.quality",
        "smartprod.explanation",
        "smartprod.state",
    ],
    identity=beside_identity,
)
def report(  # noqa: PLR0913, PLR0917  (one argument for each artefact)
    context: StageContext,
    products: pa.Table,
    clean_text: pa.Table,
    embedding_index: pa.Table,
    split: pa.Table,
    split_account: Mapping[str, Sequence[str]],
    heads: Path,
    leaderboard: Sequence[Mapping[str, object]],
    decision: Path,
    findings: pa.Table,
    other_images: pa.Table,
    explanations: pa.Table | None,
) -> dict[str, object]:
    """Score every head on the test part; write the report, the metrics and the answers.

    Runs from before the stage `explain` have no explanations.
    """
    from smartprod.decision import load_decider
    from smartprod.evaluation import build_report, metrics_document, score_lines
    from smartprod.evaluation.assembly import Artefacts, assemble
    from smartprod.evaluation.kept_answers import answers_table

    data = assemble(
        Artefacts(
            products,
            clean_text,
            embedding_index,
            split,
            split_account,
            leaderboard,
            heads,
            findings,
            other_images,
            explanations,
        ),
        load_decider(decision, heads),
        context.config,
        context.run,
    )
    for line in score_lines(data):
        context.say(line)
    metrics = metrics_document(data)
    context.rows(
        products.num_rows, sum(len(head.rows) for head in data.test if head.name == data.chosen.name)
    )
    page = build_report(data, config=context.config.report, seed=context.seed)
    context.say(f"report: {context.run.artefact_path('report')}")
    return {"report": page, "metrics": metrics, "answers": answers_table(data, products, embedding_index)}
