"""One trial: a run of the stages up to the comparison of heads, and its scores on held-out rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from smartprod.classifiers import load_heads
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.errors import UsageError
from smartprod.evaluation import TrialScores
from smartprod.fusion import alignment_request, load_learning_data
from smartprod.pipeline import Pipeline, load_stages, order_stages

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.pipeline import RunFolder

_HEADS = ("fused", "image", "text")
COMPARED = "leaderboard"
_READ = ("embedding_index", "split", "heads", COMPARED)


def comparing_pipeline(pipeline: Pipeline) -> Pipeline:
    """The part of a pipeline that a comparison on held-out rows needs; no stage that looks at test rows is in it.

    Raises:
        UsageError: (SP949) It compares no heads.
    """
    stages = order_stages(pipeline, load_stages())
    makers = {name: stage for stage in stages for name in stage.writes}
    if not set(_READ) <= set(makers):
        raise UsageError(
            "SP949",
            f"the pipeline `{pipeline.name}` has no stage that compares heads on held-out rows",
            where="run.pipeline",
            fix="sweep a configuration whose pipeline has the stage classify, such as all",
        )
    needed: set[str] = set()
    pending = [makers[name] for name in _READ]
    while pending:
        stage = pending.pop()
        if stage.name not in needed:
            needed.add(stage.name)
            pending += [makers[name] for name in stage.reads if name in makers]
    kept = tuple(stage.name for stage in stages if stage.name in needed)
    return Pipeline(f"{pipeline.name} up to {COMPARED}", pipeline.description, kept)


def trial_scores(run: RunFolder, config: Config, head: str | None) -> TrialScores:
    """Read how the chosen head of a run fared on held-out rows, and ask it about the rows that it learned from.

    Args:
        run: The trial's run folder.
        config: Its configuration.
        head: `fused`, `image` or `text`; None: the first of these that there is.
    """
    board = cast("Sequence[Mapping[str, object]]", run.read(COMPARED))
    chosen = {str(entry["head"]): entry for entry in board if entry["chosen"]}
    name = head if head in chosen else next(each for each in _HEADS if each in chosen)
    entry = chosen[name]
    index, split = (cast("pa.Table", run.read(each)) for each in ("embedding_index", "split"))
    alignment = alignment_request(config)
    data = load_learning_data(index, split, EmbeddingStore(store_folder(config)), alignment=alignment)
    fitted = load_heads(run.artefact_path("heads")).heads[name]
    able = data.products.having(fitted.modalities)
    answers, labels = fitted.log_probabilities(data.products.take(able)), data.labels[able]
    return TrialScores(
        head=name,
        candidate=str(entry["name"]),
        rows=int(able[data.validated()].sum()),
        learned_accuracy=float((answers.argmax(axis=1) == labels).mean()),
        learned_loss=-float(answers[np.arange(len(labels)), labels].mean()),
        accuracy=_number(entry, "accuracy"),
        log_loss=_number(entry, "log_loss"),
        macro_f1=_number(entry, "macro_f1"),
        standard_error=_number(entry, "standard_error"),
    )


def _number(entry: Mapping[str, object], name: str) -> float:
    value = entry.get(name)
    return float(value) if isinstance(value, int | float) else math.nan
