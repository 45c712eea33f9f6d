from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from smartprod.catalog import LABEL_ROLES, read_products
from smartprod.explanation import Explainer, Explanation
from smartprod.model import Answerer, load_model


@dataclass(frozen=True, slots=True)
class DemoExplainer:
    """The demo model, ready to explain rows of the demo catalogue."""

    explainer: Explainer
    products: pa.Table
    catalogue: Path

    def explain(self, row: int, **options) -> Explanation:
        return self.explainer.explain(self.products.slice(row, 1), **options)

    def rows(self, *, domain: str, count: int) -> list[int]:
        """Some rows with a photo of a domain and a mask."""
        with (self.catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found = [
            number
            for number, row in enumerate(rows)
            if row["domain"] == domain and row["mask"] and row["image"] and row["title"] and row["category"]
        ]
        return found[:count]


@pytest.fixture(scope="module")
def demo(demo_run) -> Iterator[DemoExplainer]:
    model = load_model(demo_run.model)
    catalog = model.config.catalog.model_copy(update={"path": str(demo_run.catalogue / "products.csv")})
    products = read_products(catalog, optional=LABEL_ROLES)
    run = model.config.run.model_copy(update={"threads": 1})
    with Answerer.open(model, config=model.config.model_copy(update={"run": run})) as answerer:
        yield DemoExplainer(Explainer.of(answerer), products, demo_run.catalogue)
