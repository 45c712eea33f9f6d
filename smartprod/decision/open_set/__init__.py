"""Open set: which products are unlike everything seen in training, by one of several methods."""

from __future__ import annotations

from smartprod.decision.open_set.detector import OpenSetDetector, open_set_embedding
from smartprod.decision.open_set.gaussian import fit_relative_mahalanobis
from smartprod.decision.open_set.methods import detector_from_state, fit_detector
from smartprod.decision.open_set.rejection import LearnedRejection, learn_rejection, rejection_threshold

__all__ = [
    "LearnedRejection",
    "OpenSetDetector",
    "detector_from_state",
    "fit_detector",
    "fit_relative_mahalanobis",
    "learn_rejection",
    "open_set_embedding",
    "rejection_threshold",
]
