from __future__ import annotations

import pyarrow as pa

from smartprod.catalog.table import product_schema
from smartprod.cleaning.stage import clean
from smartprod.config import Config
from smartprod.pipeline import RunFolder, StageContext


def test_stage_gives_every_row_a_clean_text_and_counts_those_that_have_one(tmp_path, table_file):
    schema = product_schema()
    empty = {field.name: "ok" if field.name.startswith("status.") else None for field in schema}
    rows = [
        empty
        | {"row": 0, "title": "Red mug", "description": "<p>Holds&nbsp;<b>tea</b></p><script>x()</script>"},
        empty | {"row": 1, "title": None, "status.title": "missing", "status.description": "missing"},
        empty | {"row": 2, "title": "Чайник", "attributes": '{"colour": "blue"}'},
    ]
    context = StageContext(Config(), stage="clean", run=RunFolder(tmp_path))
    products = table_file(pa.Table.from_pylist(rows, schema=schema))
    made = clean(context, products=products)["clean_text"].read()
    texts = made["text"].to_pylist()
    assert made["row"].to_pylist() == [0, 1, 2]
    assert "Red mug" in texts[0]
    assert "Holds tea" in texts[0]
    assert "x()" not in texts[0]
    assert (texts[1], made["status.text"].to_pylist()[1]) == (None, "missing")
    assert "Чайник" in texts[2]
    assert "colour: blue" in texts[2]
    assert (context.rows_in, context.rows_out) == (3, 2)
    assert context.lines
