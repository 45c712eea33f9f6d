"""Product tables: readers of every format into one Arrow schema, with a status for every field of every row."""

from __future__ import annotations

from smartprod.catalog.account import RowCounts, TableAccount
from smartprod.catalog.attributes import parse_attributes
from smartprod.catalog.class_policy import ClassAccount, ClassPolicyResult, apply_class_policy
from smartprod.catalog.columns import LABEL_ROLES
from smartprod.catalog.groups import content_keys, group_products, group_rows
from smartprod.catalog.guessing import TableGuess, guess_table, write_first_config
from smartprod.catalog.importers.importing import ImportAccount, import_products
from smartprod.catalog.leakage import LabelConflict, Leakage, find_label_conflicts, find_leakage
from smartprod.catalog.products import (
    count_records,
    products_from_records,
    read_products,
    source_notes,
    stream_products,
    table_fingerprint,
)
from smartprod.catalog.reasons import ReasonCounts
from smartprod.catalog.split import PARTS, Split, split_products
from smartprod.catalog.status import STATUS_FIELDS, Status, reason_column, status_column
from smartprod.catalog.table import extra_column, product_schema

__all__ = [
    "LABEL_ROLES",
    "PARTS",
    "STATUS_FIELDS",
    "ClassAccount",
    "ClassPolicyResult",
    "ImportAccount",
    "LabelConflict",
    "Leakage",
    "ReasonCounts",
    "RowCounts",
    "Split",
    "Status",
    "TableAccount",
    "TableGuess",
    "apply_class_policy",
    "content_keys",
    "count_records",
    "extra_column",
    "find_label_conflicts",
    "find_leakage",
    "group_products",
    "group_rows",
    "guess_table",
    "import_products",
    "parse_attributes",
    "product_schema",
    "products_from_records",
    "read_products",
    "reason_column",
    "source_notes",
    "split_products",
    "status_column",
    "stream_products",
    "table_fingerprint",
    "write_first_config",
]
