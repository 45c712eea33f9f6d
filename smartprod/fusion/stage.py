"""The `fuse` stage: from embeddings to the representations that classifiers see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.fusion.representations import FusionAccount


@stage(
    "fuse",
    reads=["embedding_index", "split"],
    writes=["representations"],
    config=["fuse", "catalog.domains", "run.seed", "run.threads"],
    libraries=["torch", "scikit-learn", "pytorch-metric-learning"],
    packages=["smartprod.embeddings", "smartprod.state"],
)
def fuse(context: StageContext, embedding_index: pa.Table, split: pa.Table) -> dict[str, object]:
    """Learn per-modality and fused representations, with metric learning, on every fold."""
    from smartprod.embeddings import EmbeddingStore, store_folder
    from smartprod.fusion.alignment import alignment_request
    from smartprod.fusion.learning_data import load_learning_data
    from smartprod.fusion.representations import fit_representations
    from smartprod.fusion.workers import fitting_workers

    store, alignment = EmbeddingStore(store_folder(context.config)), alignment_request(context.config)
    if alignment is not None:
        context.say(f"image embeddings are aligned ({alignment.method}): {alignment.rows(split).line()}")
    data = load_learning_data(embedding_index, split, store, alignment=alignment)
    context.rows(embedding_index.num_rows, len(data.rows))
    image, text = data.products.image.present, data.products.text.present
    context.say(
        f"{len(data.rows)} labelled rows, {len(data.classes)} classes: {(image & text).sum()} with image and text, "
        f"{(image & ~text).sum()} image only, {(text & ~image).sum()} text only; {len(data.folds)} folds"
    )
    left_out = sum(part in {"train", "val"} for part in split["part"].to_pylist()) - len(data.rows)
    if left_out:
        context.say(f"{left_out} labelled rows have neither an image nor a text embedding and are left out")
    folder = context.folder("representations")
    with (
        fitting_workers(data, available=context.threads) as workers,
        context.progress(len(data.folds) + 1, "fusing", unit="folds") as meter,
    ):
        account = fit_representations(
            data,
            folder,
            config=context.config.fuse,
            seed=context.seed,
            workers=workers,
            advance=lambda: meter.advance(1),
        )
    _tell(context, account)
    return {"representations": folder}


def _tell(context: StageContext, account: FusionAccount) -> None:
    if not account.fused:
        context.say("no fusion: the rows with image and text do not have two classes")
        return
    if account.text_weights:
        losses = ", ".join(f"{weight:g}: {loss:.3f}" for weight, loss in account.text_weights.items())
        context.say(
            f"weight of the text block {account.best_text_weight():g} (validation log-loss by weight {losses})"
        )
        context.metric("text_weight", account.best_text_weight())
    for name, qualities in (("concatenation", account.before), ("metric-learned", account.after)):
        if not qualities:
            continue
        precision = sum(quality.precision_at_1 for quality in qualities) / len(qualities)
        map_at_r = sum(quality.map_at_r for quality in qualities) / len(qualities)
        context.say(f"{name:14} precision@1 {precision:.3f}  MAP@R {map_at_r:.3f}")
        key = "before" if name == "concatenation" else "after"
        context.metric(f"precision_at_1_{key}", precision)
        context.metric(f"map_at_r_{key}", map_at_r)
    for name, epochs in account.epochs.items():
        context.say(f"{name}: best epochs {epochs}")
