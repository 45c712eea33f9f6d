"""The stages `catalog` (a table in any format to products) and `split` (class policy, parts and folds)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.config.schema import CatalogConfig
from smartprod.pipeline import RunFolder, StageContext, stage
from smartprod.remote import POLICY_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa

    from smartprod.catalog.class_policy import ClassPolicyResult
    from smartprod.catalog.leakage import LabelConflict, Leakage
    from smartprod.config import Config
    from smartprod.config.schema import SplitConfig

DEMO = "demo"


def demo_folder(config: Config) -> Path:
    """Where the rendered demo catalogue lies: beside the runs, which share it."""
    return Path(config.run.folder) / "demo-catalogue"


def table_config(config: Config) -> CatalogConfig:
    """The catalog section with the path of the actual table: `demo` stands for the rendered catalogue."""
    if config.catalog.path != DEMO:
        return config.catalog
    return config.catalog.model_copy(update={"path": str(demo_folder(config) / "products.csv")})


def catalog_identity(config: Config, run: RunFolder) -> str:
    """Describe the table as it is now, without reading it."""
    from smartprod.catalog import table_fingerprint
    from smartprod.catalog.reviewed_labels import labels_fingerprint

    resolved = table_config(config)
    labels = labels_fingerprint(Path(resolved.labels)) if resolved.labels else ""
    if config.catalog.path == DEMO:
        # The stage renders it: the answer has to be the same before its first run and after it.
        deleted = run.manifest_path("catalog").exists() and not Path(resolved.path).exists()
        return ("demo, deleted" if deleted else "demo") + labels
    return table_fingerprint(resolved) + labels


@stage(
    "catalog",
    writes=["products"],
    config=[
        *(f"catalog.{name}" for name in CatalogConfig.model_fields if name not in {"remote", "domains"}),
        *(f"catalog.remote.{name}" for name in POLICY_KEYS),
    ],
    libraries=["pyarrow"],
    packages=["smartprod.demo"],
    identity=catalog_identity,
)
def catalog(context: StageContext) -> dict[str, object]:
    """Read the product table, every row kept in order with a status for each field."""
    from smartprod.catalog import TableAccount, product_schema, source_notes, stream_products
    from smartprod.catalog.reviewed_labels import ReviewedLabels

    config = context.config
    if config.catalog.path == DEMO:
        _render_demo(context)
    resolved = table_config(config)
    batches = stream_products(resolved)
    reviewed = ReviewedLabels.read(Path(resolved.labels)) if resolved.labels else ReviewedLabels({})
    account = TableAccount()
    schema = product_schema(resolved.columns.extra)
    with (
        context.table_writer("products", schema) as writer,
        context.progress(None, "reading the table") as meter,
    ):
        for read in batches:
            batch = reviewed.apply(read)
            account.add(batch)
            writer.write(batch)
            meter.advance(batch.num_rows)
    if reviewed.labels:
        context.say(reviewed.line())
    for line in account.lines(notes=source_notes(resolved)):
        context.say(line)
    rows = account.rows()
    context.rows(rows.total, rows.total)
    context.metric("rows_labelled", rows.labelled)
    context.metric("rows_bad", rows.bad)
    account.check_bad_fraction(config.catalog.max_bad_fraction)
    return {"products": writer.table}


def _render_demo(context: StageContext) -> None:
    from smartprod.demo import render_catalogue

    demo = context.config.catalog.demo
    with context.progress(demo.products, "rendering the demo catalogue", unit="products") as meter:
        account = render_catalogue(
            demo_folder(context.config),
            products=demo.products,
            seed=demo.seed,
            workers=context.threads,
            progress=lambda done, _total: meter.reach(done),
        )
    for line in account.lines():
        context.say(line)


@stage(
    "split",
    reads=["products", "clean_text", "embedding_index"],
    writes=["split", "split_account"],
    config=["split", "catalog.classes", "catalog.category_separator", "run.seed"],
    libraries=["scikit-learn"],
)
def split(
    context: StageContext, products: pa.Table, clean_text: pa.Table, embedding_index: pa.Table
) -> dict[str, object]:
    """Apply the class policy, split the rows into parts and folds, and look for leakage."""
    policy, notes = learned_classes(context, products)
    return divide_rows(context, products, clean_text, embedding_index, policy=policy, notes=notes)


def learned_classes(context: StageContext, products: pa.Table) -> tuple[ClassPolicyResult, list[str]]:
    """Apply the class policy to the first category of each row; with notes on what that leaves out."""
    from smartprod.catalog.class_policy import apply_class_policy

    config = context.config
    categories = products["category"].to_pylist()
    policy = apply_class_policy(
        [paths[0] if paths else None for paths in categories],
        policy=config.catalog.classes,
        separator=config.catalog.category_separator,
        seed=context.seed,
    )
    several = sum(1 for paths in categories if paths and len(paths) > 1)
    told = f"{several:,} rows have several categories: the first one is learned (all of them: `smartprod run several-labels`)"
    return policy, [told] if several else []


def divide_rows(
    context: StageContext,
    products: pa.Table,
    clean_text: pa.Table,
    embedding_index: pa.Table,
    *,
    policy: ClassPolicyResult,
    notes: Sequence[str] = (),
    answers: Sequence[str | None] | None = None,
    splitting: SplitConfig | None = None,
) -> dict[str, object]:
    """Split rows whose class is known into parts and folds, look for leakage, and tell.

    Args:
        context: Of the stage.
        products: The artefact of that name, like the next two.
        clean_text: See above.
        embedding_index: See above.
        policy: The class of each row.
        notes: Told below the account of the classes.
        answers: What makes rows of the same content contradict each other where it differs; None: the class.
        splitting: How rows are split; None: as the configuration says.

    Returns:
        The artefacts `split` and `split_account`.
    """
    import pyarrow as pa

    from smartprod.catalog import (
        content_keys,
        find_label_conflicts,
        find_leakage,
        group_products,
        split_products,
    )
    from smartprod.catalog.folds import assign_folds

    splitting = splitting or context.config.split
    keys = content_keys(clean_text, embedding_index, long_from=splitting.long_text_characters)
    groups = group_products(products, keys, by=splitting.group_by)
    made = split_products(
        policy.labels,
        groups=groups,
        column=products["split"].to_pylist(),
        config=splitting,
        seed=context.seed,
        reasons=policy.reasons,
    )
    folds = assign_folds(policy.labels, made.parts, groups, config=splitting, seed=context.seed)
    leakages = find_leakage(made.parts, keys)
    conflicts = find_label_conflicts(policy.labels if answers is None else answers, keys)
    account = {
        "class_policy": [*policy.account.lines(), *notes],
        "split": [*made.lines(), _folds_line(folds)],
        "leakage": [line for each in leakages for line in each.lines()],
        "conflicts": [line for each in conflicts for line in each.lines()],
        "notes": _notes(leakages, conflicts),
    }
    for section in ("class_policy", "split", "leakage", "conflicts"):
        for line in account[section]:
            context.say(line)
    context.rows(products.num_rows, sum(1 for part in made.parts if part in {"train", "val", "test"}))
    table = pa.table(
        {
            "row": products["row"],
            "label": pa.array(policy.labels, pa.string()),
            "part": pa.array(made.parts, pa.string()),
            "fold": pa.array(folds, pa.int8()),
            "reason": pa.array(made.reasons, pa.string()),
            "domain": products["domain"],
        }
    )
    return {"split": table, "split_account": account}


def _folds_line(folds: np.ndarray[tuple[int], np.dtype[np.int8]]) -> str:
    count = int(folds.max(initial=-1)) + 1
    if not count:
        return "candidates are compared on the val part"
    return f"candidates are compared by {count}-fold cross-validation over train and val, grouped"


def _notes(leakages: list[Leakage], conflicts: list[LabelConflict]) -> list[str]:
    """Findings that a reader of the scores has to know."""
    notes = [
        f"The split leaks: {overlap.rows:,} {overlap.second} rows share a {leakage.kind} with {overlap.first} rows."
        for leakage in leakages
        for overlap in leakage.overlaps
        if overlap.second == "test"
    ]
    return notes + [
        f"{conflict.rows:,} labelled rows share a {conflict.kind} with a row of another category."
        for conflict in conflicts
        if conflict.keys
    ]
