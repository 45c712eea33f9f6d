"""What a person should look at in the data."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.data import ReportData
from smartprod.evaluation.examples import FindingGroup, finding_groups
from smartprod.evaluation.page import PageSection


@dataclass(frozen=True, slots=True)
class FindingsShown:
    """The findings, grouped by kind, with photos."""

    groups: tuple[FindingGroup, ...]


def findings_section(data: ReportData) -> PageSection | None:
    """Show the first findings of each kind; None without findings."""
    groups = tuple(finding_groups(data))
    if not groups:
        return None
    return PageSection(
        "look",
        "What to look at in the data",
        "findings.html.j2",
        FindingsShown(groups),
        link="What to look at",
    )
