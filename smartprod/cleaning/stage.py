"""The `clean` stage: HTML, attributes and short fields to one clean text per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from smartprod.pipeline import TableFile

_ROWS_PER_BATCH = 4_096


@stage(
    "clean",
    reads=["products"],
    streams=["products"],
    writes=["clean_text"],
    config=["clean"],
    libraries=["selectolax", "regex"],
)
def clean(context: StageContext, products: TableFile) -> dict[str, object]:
    """Turn HTML, attributes and short fields into one clean text per row."""
    import pyarrow as pa

    from smartprod.cleaning import CLEAN_SCHEMA, CleanAccount, clean_products

    account = CleanAccount()
    with (
        context.table_writer("clean_text", CLEAN_SCHEMA) as writer,
        context.progress(products.num_rows, "cleaning") as meter,
    ):
        for batch in products.batches(_ROWS_PER_BATCH):
            cleaned = clean_products(pa.Table.from_batches([batch]), context.config.clean)
            for part in cleaned.to_batches():
                account.add(part)
            writer.write(cleaned)
            meter.advance(batch.num_rows)
    for line in account.lines():
        context.say(line)
    context.rows(account.rows, account.texts)
    return {"clean_text": writer.table}
