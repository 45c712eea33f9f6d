from __future__ import annotations

import csv
import io

from smartprod.quality import (
    FINDINGS_SCHEMA,
    Finding,
    FindingKind,
    findings_csv,
    findings_from_table,
    findings_table,
)

FINDINGS = [
    Finding(FindingKind.SMALL_CLASS, 0.2, "label more", "2 rows", "Mugs", (4, 5)),
    Finding(FindingKind.WRONG_LABEL, 0.9, "look", "=SUM(A1)", "Cups", (1,)),
    Finding(FindingKind.USELESS_COLUMN, 0.3, "leave it out", "constant"),
]
IDS = ["a", "b", None, "d", "e", None]


def test_findings_are_ranked_by_severity_and_read_back():
    table = findings_table(FINDINGS, IDS)
    assert table.schema.equals(FINDINGS_SCHEMA)
    assert table["rank"].to_pylist() == [1, 2, 3]
    assert table["kind"].to_pylist() == ["wrong_label", "useless_column", "small_class"]
    assert table["ids"].to_pylist() == [["b"], [], ["e", ""]]
    assert [each.rows for each in findings_from_table(table)] == [(1,), (), (4, 5)]


def test_findings_csv_has_one_line_each_and_no_formula():
    lines = list(csv.DictReader(io.StringIO(findings_csv(findings_table(FINDINGS, IDS)))))
    assert [line["rank"] for line in lines] == ["1", "2", "3"]
    assert lines[0]["evidence"] == "'=SUM(A1)"
    assert lines[2]["rows"] == "4 5"


def test_findings_none_make_an_empty_table():
    assert findings_table([], []).num_rows == 0
