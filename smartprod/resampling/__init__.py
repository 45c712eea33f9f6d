"""Resampling: class balance of training rows in embedding space."""

from __future__ import annotations

from smartprod.resampling.resample import TrainingSet, resample_embeddings, select_rows
from smartprod.resampling.training_rows import training_set, usable_rows

__all__ = ["TrainingSet", "resample_embeddings", "select_rows", "training_set", "usable_rows"]
