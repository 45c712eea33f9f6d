"""Importers: tables in the formats of other systems, read as they are; one module per system.

What they hand over has the names that `catalog.columns` has by default, so that it can be used directly
(`catalog.format: abo`), or be written to a product table once (`smartprod import abo`).
"""

from __future__ import annotations

from smartprod.catalog.importers.native import NativeRecord, NativeSource
from smartprod.catalog.importers.opening import native_files, open_native

__all__ = ["NativeRecord", "NativeSource", "native_files", "open_native"]
