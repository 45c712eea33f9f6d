"""The `explain-labels` stage: why some test products got a label, or missed one, for the report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartprod.explanation.stage import ASKED_PACKAGES
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.decision import LabelDecider
    from smartprod.pipeline import TableFile

_LEAST = 1e-6  # probability from which on differences tell nothing


@stage(
    "explain-labels",
    reads=["products", "embedding_index", "split", "label_heads", "label_decision"],
    streams=["products"],
    writes=["explanations"],
    config=["report.explained_rows"],
    libraries=["pillow"],
    packages=ASKED_PACKAGES,
)
def explain_labels(
    context: StageContext,
    products: TableFile,
    embedding_index: pa.Table,
    split: pa.Table,
    label_heads: Path,
    label_decision: Path,
) -> dict[str, object]:
    """Ask the model why some telling test products got a label or missed one, its surest mistakes first."""
    from smartprod.decision import load_label_decider
    from smartprod.explanation.asking import ask_again
    from smartprod.explanation.kept import KeptExplanations, explanations_table
    from smartprod.explanation.similar import SimilarProducts
    from smartprod.model import model_of_run

    decider = load_label_decider(label_decision, label_heads)
    asked = _telling(decider, embedding_index, split, context.config)
    kept = KeptExplanations()
    if asked:
        model = model_of_run(decider, embedding_index, context.config, context.run)
        with context.progress(len(asked), "explaining", unit="labels") as meter:
            kept = ask_again(
                model, products, asked, similar=SimilarProducts(None), counts=None, advance=meter.advance
            )
    told_of = tuple(each for each in kept.explanations if each.explained is not None)
    gone, kept = len(kept.explanations) - len(told_of), replace(kept, explanations=told_of)
    count = len(told_of)
    context.rows(products.num_rows, count)
    context.metric("explained", count)
    told = f"{count} labels of test products explained" if count else "no label is explained"
    context.say(kept.reason or told)
    if gone:
        context.say(f"{gone} left out: nothing can be read of these products any more")
    return {"explanations": explanations_table(kept)}


def _telling(
    decider: LabelDecider, index: pa.Table, split: pa.Table, config: Config
) -> list[tuple[int, str | None]]:
    """Answer the test part, and choose the rows and labels whose explanation tells most, the most telling first."""
    import numpy as np

    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.explanation.choice import telling_labels
    from smartprod.fusion import load_products

    rows = np.flatnonzero(np.asarray(split["part"].to_pylist(), dtype=object) == "test")
    count = config.report.explained_rows
    if not count or not len(rows):
        return []
    tree = decider.tree
    decided = decider.decide(load_products(index, rows, EmbeddingStore(store_folder(config))))
    targets = tree.targets(split["labels"].take(rows).to_pylist())[:, tree.carried]
    margins = _log_odds(decided.probabilities) - _log_odds(_thresholds(decider, decided.head))
    chosen = telling_labels(margins, decided.given[:, tree.carried], targets, count=count)
    return [(int(rows[place]), decider.classes[label]) for place, label in chosen]


def _thresholds(decider: LabelDecider, heads: np.ndarray) -> np.ndarray:
    """The thresholds that N products were judged by, float [N, C]; NaN where no head answered."""
    import numpy as np

    thresholds = np.full((len(heads), len(decider.classes)), np.nan)
    for name, each in decider.settings.thresholds.items():
        thresholds[heads == name] = each[decider.tree.carried]
    return thresholds


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    import numpy as np
    from scipy.special import logit

    return logit(np.clip(probabilities, _LEAST, 1 - _LEAST))
