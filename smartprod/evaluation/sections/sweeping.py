"""The variants of the configuration that a sweep compared."""

from __future__ import annotations

from smartprod.evaluation.page import PageSection
from smartprod.evaluation.sweeps import SweepTable


def sweep_section(table: SweepTable | None) -> PageSection | None:
    """Rank the variants; None where there was no sweep."""
    if table is None or not table.trials:
        return None
    return PageSection("sweep", "Variants compared", "sweep.html.j2", table)
