"""Data quality that learning reveals: what in a product table a person should look at, ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use
from smartprod.quality.findings import (
    FINDINGS_SCHEMA,
    KIND_TITLES,
    Finding,
    FindingKind,
    findings_csv,
    findings_from_table,
    findings_table,
)

if TYPE_CHECKING:
    from smartprod.quality.doctor import Examined, doctor_lines, examine_run, findings_json, held_out_answers
    from smartprod.quality.inspection import Inspected, inspect_run
    from smartprod.quality.wrong_labels import WrongLabel, find_wrong_labels

_HOMES = {
    "Examined": "doctor",
    "Inspected": "inspection",
    "WrongLabel": "wrong_labels",
    "doctor_lines": "doctor",
    "examine_run": "doctor",
    "find_wrong_labels": "wrong_labels",
    "findings_json": "doctor",
    "held_out_answers": "doctor",
    "inspect_run": "inspection",
}

__all__ = [
    "FINDINGS_SCHEMA",
    "KIND_TITLES",
    "Examined",
    "Finding",
    "FindingKind",
    "Inspected",
    "WrongLabel",
    "doctor_lines",
    "examine_run",
    "find_wrong_labels",
    "findings_csv",
    "findings_from_table",
    "findings_json",
    "findings_table",
    "held_out_answers",
    "inspect_run",
]

# Every `smartprod run` imports the stage module of this room
__getattr__ = imported_on_first_use(__name__, _HOMES)
