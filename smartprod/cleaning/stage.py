"""The `clean` stage: HTML, attributes and short fields to one clean text per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa


@stage("clean", reads=["products"], writes=["clean_text"], config=["clean"], libraries=["selectolax", "nltk"])
def clean(context: StageContext, products: pa.Table) -> dict[str, object]:
    """Turn HTML, attributes and short fields into one clean text per row."""
    from smartprod.cleaning import clean_account, clean_products

    table = clean_products(products, context.config.clean)
    for line in clean_account(table):
        context.say(line)
    context.rows(products.num_rows, len(table["text"].drop_null()))
    return {"clean_text": table}
