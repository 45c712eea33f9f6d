"""A first look at an unknown table: which column holds what, where the photos are, and a configuration to begin with."""

from __future__ import annotations

from smartprod.catalog.guessing.configuration import write_first_config
from smartprod.catalog.guessing.table import TableGuess, guess_table

__all__ = ["TableGuess", "guess_table", "write_first_config"]
