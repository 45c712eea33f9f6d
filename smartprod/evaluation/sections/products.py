"""The data: how many products each category has, and what the stages said about the rows."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.data import AccountSection, ReportData
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.classes import class_distribution_chart


@dataclass(frozen=True, slots=True)
class ProductsAccount:
    """What went in.

    Attributes:
        distribution: Training products of each category; None where there is nothing to draw.
        accounts: What the stages printed.
    """

    distribution: Chart | None
    accounts: tuple[AccountSection, ...]


def products_section(data: ReportData, names: tuple[str, ...]) -> PageSection:
    """Account for the products and their categories."""
    content = ProductsAccount(class_distribution_chart(names, data.train_counts), data.accounts)
    return PageSection("data", "The data", "products.html.j2", content)
