"""Columns and attributes that say nothing about the category."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from smartprod.catalog import extra_column, parse_attributes
from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_NEARLY_EMPTY = 0.01
_RARE_KEY = 0.001
_LEAST_ROWS = 20
_TEXT_COLUMNS = ("title", "description", "attributes")
_NEARLY_CONSTANT = 0.95
_FEW_VALUES = 50
_ROWS_TO_COMPARE = 200
_LEAST_INFORMATION = 0.01
_ID_LIKE = re.compile(r"[\w.\-/]*\d[\w.\-/]*")


def useless_column_findings(
    products: pa.Table, *, extra: Sequence[str], fields: Sequence[str]
) -> list[Finding]:
    """Find columns with one value, nearly empty ones, numbers used as text, and attributes that hardly ever occur.

    Args:
        products: The product table.
        extra: Names of the further text columns.
        fields: What goes into the clean text (`clean.fields`).
    """
    count = products.num_rows
    if count < _LEAST_ROWS:
        return []
    found: list[Finding] = []
    for name in (*_TEXT_COLUMNS, *(extra_column(each) for each in extra)):
        label = name.removeprefix("extra.")
        filled = [value.strip() for value in products[name].to_pylist() if value and value.strip()]
        # A whole table without descriptions is no finding: the column is simply not there.
        if filled or name.startswith("extra."):
            found += _of_column(label, filled, count, is_used=label in fields)
            if name.startswith("extra."):
                found += _of_values(label, products[name].to_pylist(), products["category"].to_pylist())
    return found + _attribute_findings(products["attributes"].to_pylist())


def _of_column(name: str, filled: Sequence[str], count: int, *, is_used: bool) -> list[Finding]:
    used = " (it goes into the text)" if is_used else ""
    if len(filled) < _NEARLY_EMPTY * count:
        what = f"filled in {len(filled)} of {count:,} rows{used}"
        return [_finding(name, 0.2, f"leave the column `{name}` out, or fill it", what)]
    distinct = len(set(filled))
    if distinct == 1:
        what = f"every one of its {len(filled):,} values is {_shortened(filled[0])!r}{used}"
        return [_finding(name, 0.3, f"leave the column `{name}` out of clean.fields", what)]
    is_number = sum(bool(_ID_LIKE.fullmatch(value)) for value in filled) > 0.95 * len(filled)
    if is_number and distinct > 0.9 * len(filled):
        what = f"{distinct:,} of its {len(filled):,} values occur once and look like numbers, such as {_shortened(filled[0])!r}{used}"
        return [_finding(name, 0.35, f"leave `{name}` out of clean.fields: it looks like an id", what)]
    return []


def _of_values(name: str, values: Sequence[str | None], categories: Sequence[Sequence[str]]) -> list[Finding]:
    """Find a short column that is nearly constant, or whose few values have nothing to do with the category."""
    pairs = [(value, paths[0]) for value, paths in zip(values, categories, strict=True) if value and paths]
    counts = Counter(value for value, _ in pairs)
    if not 2 <= len(counts) <= _FEW_VALUES:
        return []
    suggestion = f"leave the column `{name}` out of clean.fields: it can hardly tell categories apart"
    commonest, number = counts.most_common(1)[0]
    if number > _NEARLY_CONSTANT * len(pairs):
        what = f"{number / len(pairs):.1%} of its {len(pairs):,} values are {_shortened(commonest)!r}"
        return [_finding(name, 0.28, suggestion, what)]
    if len(pairs) < _ROWS_TO_COMPARE:
        return []
    from sklearn.metrics import adjusted_mutual_info_score

    shared = float(adjusted_mutual_info_score(*zip(*pairs, strict=True)))
    if shared > _LEAST_INFORMATION:
        return []
    what = f"its {len(counts)} values say almost nothing about the category (adjusted mutual information {max(shared, 0):.3f})"
    return [_finding(name, 0.26, suggestion, what)]


def _attribute_findings(cells: Sequence[str | None]) -> list[Finding]:
    keys: Counter[str] = Counter()
    values: dict[str, set[str]] = {}
    parsed = 0
    for cell in cells:
        attributes = _parsed(cell)
        parsed += bool(attributes)
        for key, value in attributes.items():
            keys[key] += 1
            seen = values.setdefault(key, set())
            if len(seen) < 2:
                seen.add(str(value))
    if parsed < _LEAST_ROWS:
        return []
    found = []
    rare = sorted(key for key, number in keys.items() if number < _RARE_KEY * parsed)
    if rare:
        found.append(
            _finding(
                "attributes",
                0.15,
                "leave them out with clean.skip_attributes, or join them with their like",
                f"{len(rare):,} of {len(keys):,} attribute names stand in less than 0.1% of the {parsed:,} rows that have any, "
                f"such as {', '.join(map(_shortened, rare[:5]))}",
            )
        )
    constant = sorted(key for key, number in keys.items() if number > 0.5 * parsed and len(values[key]) == 1)
    found += [
        _finding(
            "attributes",
            0.25,
            f"add `{key}` to clean.skip_attributes",
            f"the attribute `{key}` is {_shortened(next(iter(values[key])))!r} in all {keys[key]:,} rows that have it",
        )
        for key in constant[:20]
    ]
    return found


def _parsed(cell: str | None) -> dict[str, object]:
    try:
        return parse_attributes(cell)
    except ValueError:  # a cell that cannot be read has its status in the product table
        return {}


def _finding(column: str, severity: float, suggestion: str, evidence: str) -> Finding:
    return Finding(FindingKind.USELESS_COLUMN, severity, suggestion, f"column `{column}`: {evidence}")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
