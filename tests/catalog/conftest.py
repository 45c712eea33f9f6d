from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smartprod.catalog import read_products
from smartprod.config.schema import CatalogConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a folder with two files that stand for images; readers judge paths, never contents."""
    (tmp_path / "images").mkdir()
    for name in ("a.jpg", "b.jpg", "кот 猫.jpg"):
        (tmp_path / "images" / name).write_bytes(b"\xff\xd8")
    return tmp_path


@pytest.fixture
def read(shop: Path) -> Callable[..., list[dict]]:
    """Write `data` to a file in the shop's folder and read it into rows."""

    def write_and_read(data: bytes | str, name: str = "products.csv", **settings: object) -> list[dict]:
        path = shop / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_products(CatalogConfig(path=str(path), **settings)).to_pylist()

    return write_and_read
