"""Resampling: class balance of training rows in embedding space."""

from __future__ import annotations

from smartprod.resampling.resample import TrainingSet, select_rows, synthesize_rows
from smartprod.resampling.training_rows import training_set, usable_rows

__all__ = ["TrainingSet", "select_rows", "synthesize_rows", "training_set", "usable_rows"]
