"""The `explain` stage: why some of the test products got their answers, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.pipeline import TableFile

ASKED_PACKAGES = (
    "smartprod.cleaning",
    "smartprod.encoders",
    "smartprod.embeddings",
    "smartprod.fusion",
    "smartprod.classifiers",
    "smartprod.decision",
    "smartprod.model",
    "smartprod.state",
)
"""What answers when a model is asked again: the code that an explanation depends on."""


@stage(
    "explain",
    reads=["products", "clean_text", "embedding_index", "split", "heads", "decision"],
    streams=["products", "clean_text"],
    writes=["explanations"],
    config=["report.explained_rows", "run.seed"],
    libraries=["pillow"],
    packages=ASKED_PACKAGES,
)
def explain(
    context: StageContext,
    products: TableFile,
    clean_text: TableFile,
    embedding_index: pa.Table,
    split: pa.Table,
    heads: Path,
    decision: Path,
) -> dict[str, object]:
    """Ask the model why some telling test products got their answers, its surest mistakes first."""
    from smartprod.decision import load_decider
    from smartprod.explanation.kept import KeptExplanations, explanations_table
    from smartprod.explanation.tested_products import TestedProducts, explain_rows, telling_rows

    tested = TestedProducts(
        products,
        clean_text,
        embedding_index,
        split,
        heads,
        load_decider(decision, heads),
        context.config,
        context.run,
    )
    rows = telling_rows(tested, count=context.config.report.explained_rows)
    kept = KeptExplanations()
    if rows:
        with context.progress(len(rows), "explaining", unit="answers") as meter:
            kept = explain_rows(tested, rows, advance=meter.advance)
    count = len(kept.explanations)
    wrong = sum(each.explained != tested.labels[each.row] for each in kept.explanations)
    context.rows(products.num_rows, count)
    context.metric("explained", count)
    told = f"{count} test answers explained, {wrong} of them wrong" if count else "no answer is explained"
    context.say(kept.reason or told)
    return {"explanations": explanations_table(kept)}
