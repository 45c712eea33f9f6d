"""Fusion: from the embeddings of each modality to the one vector that a classifier sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use
from smartprod.fusion.alignment import (
    LEAST_ROWS,
    Alignment,
    AlignmentRequest,
    align_embeddings,
    alignment_request,
    fit_alignment,
)
from smartprod.fusion.learning_data import (
    FINAL_FOLD,
    Fold,
    LearningData,
    load_learning_data,
    load_products,
)
from smartprod.fusion.products import MODALITIES, Modality, ProductEmbeddings
from smartprod.fusion.representation import Representation
from smartprod.fusion.representations import (
    load_representation,
    load_representations,
    representation_from_state,
    representation_names,
    wants_fusion,
)
from smartprod.fusion.threads import fitting_threads
from smartprod.fusion.training import TrainingPlan, seeded, shuffled_batches, sized_for, train_network
from smartprod.fusion.weights import arrays_of_network, weights_from_arrays
from smartprod.fusion.workers import FittingWorkers, fitting_workers

if TYPE_CHECKING:
    from smartprod.fusion.metric_losses import MetricObjective

__all__ = [
    "FINAL_FOLD",
    "LEAST_ROWS",
    "MODALITIES",
    "Alignment",
    "AlignmentRequest",
    "FittingWorkers",
    "Fold",
    "LearningData",
    "MetricObjective",
    "Modality",
    "ProductEmbeddings",
    "Representation",
    "TrainingPlan",
    "align_embeddings",
    "alignment_request",
    "arrays_of_network",
    "fit_alignment",
    "fitting_threads",
    "fitting_workers",
    "load_learning_data",
    "load_products",
    "load_representation",
    "load_representations",
    "representation_from_state",
    "representation_names",
    "seeded",
    "shuffled_batches",
    "sized_for",
    "train_network",
    "wants_fusion",
    "weights_from_arrays",
]

# The losses of metric learning bring torch along
__getattr__ = imported_on_first_use(__name__, {"MetricObjective": "metric_losses"})
