"""How the run was made: what each stage cost, versions, and the configuration in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartprod.evaluation.data import ReportData, StageCost
from smartprod.evaluation.page import PageSection


@dataclass(frozen=True, slots=True)
class Making:
    """How the run was made.

    Attributes:
        costs: Of each stage, in the order in which they ended.
        versions: By name.
        config_yaml: The configuration in force.
    """

    costs: tuple[StageCost, ...]
    versions: Mapping[str, str]
    config_yaml: str

    @property
    def seconds(self) -> float:
        """Of all stages together."""
        return sum(cost.seconds for cost in self.costs)

    @property
    def memory(self) -> float | None:
        """Largest peak memory of a stage, MiB; None where unknown."""
        return max((cost.memory for cost in self.costs if cost.memory is not None), default=None)


def making_section(data: ReportData) -> PageSection:
    """Say how the run was made."""
    content = Making(data.stage_costs, data.versions, data.config_yaml)
    return PageSection("config", "How this run was made", "making.html.j2", content)
