"""Sweep: variants of a configuration, each trained as a run of its own and compared on held-out rows."""

from __future__ import annotations

from smartprod.sweep.space import Choices, Dimension, Range, parse_dimension
from smartprod.sweep.sweeping import SweepSettings, sweep

__all__ = ["Choices", "Dimension", "Range", "SweepSettings", "parse_dimension", "sweep"]
