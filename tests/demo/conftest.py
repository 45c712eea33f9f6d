"""One small demo catalogue, rendered once for all tests of the room."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartprod.demo import DemoAccount, render_catalogue

PRODUCTS = 80


@dataclass(frozen=True)
class SmallCatalogue:
    size: int
    folder: Path
    account: DemoAccount
    products: list[dict[str, str]]
    new: list[dict[str, str]]
    truth: dict[str, dict[str, str]]


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def small_catalogue(tmp_path_factory: pytest.TempPathFactory) -> SmallCatalogue:
    folder = tmp_path_factory.mktemp("demo") / "catalogue"
    account = render_catalogue(folder, products=PRODUCTS, seed=3, workers=1)
    truth = {row["id"]: row for row in read_rows(folder / "truth.csv")}
    return SmallCatalogue(
        PRODUCTS, folder, account, read_rows(folder / "products.csv"), read_rows(folder / "new.csv"), truth
    )
