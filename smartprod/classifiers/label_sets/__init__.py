"""Several labels per product: one probability for each label and each category above it, consistent up the tree."""

from __future__ import annotations

from smartprod.classifiers.label_sets.data import LabelData, load_label_data
from smartprod.classifiers.label_sets.heads import (
    HeldOutLabels,
    LabelHead,
    LabelHeadSet,
    load_held_out_labels,
    load_label_heads,
    save_label_heads,
)
from smartprod.classifiers.label_sets.tree import LabelTree

__all__ = [
    "HeldOutLabels",
    "LabelData",
    "LabelHead",
    "LabelHeadSet",
    "LabelTree",
    "load_held_out_labels",
    "load_label_data",
    "load_label_heads",
    "save_label_heads",
]
