"""How well an embedding keeps classes together: precision@1 and MAP@R of retrieval by cosine similarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

JUDGED_ROWS = 512
RANKED_ROWS = 2_048
"""Held-out rows that judge a projection at most, and training rows that are ranked for each of them: to rank 10,000
rows for 2,000 takes three times as long as an epoch of training."""


@dataclass(frozen=True, slots=True)
class RetrievalQuality:
    """Retrieval of training rows by held-out rows (Musgrave et al., 2020).

    Attributes:
        precision_at_1: Share of rows whose nearest training row is of their class.
        map_at_r: Mean average precision at R, R being the number of training rows of the class.
    """

    precision_at_1: float
    map_at_r: float


def retrieval_quality(
    query: np.ndarray, query_labels: np.ndarray, reference: np.ndarray, reference_labels: np.ndarray
) -> RetrievalQuality:
    """Measure how well queries find references of their class.

    Args:
        query: float32 [Q, D].
        query_labels: int64 [Q].
        reference: float32 [R, D].
        reference_labels: int64 [R].

    Returns:
        Precision@1 and MAP@R; rows whose class has no reference are left out by the calculator.
    """
    import torch
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN

    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        device=torch.device("cpu"),
        knn_func=CustomKNN(CosineSimilarity(), batch_size=1024),
    )
    scores = calculator.get_accuracy(
        torch.from_numpy(query),
        torch.from_numpy(query_labels),
        torch.from_numpy(reference),
        torch.from_numpy(reference_labels),
    )
    return RetrievalQuality(float(scores["precision_at_1"]), float(scores["mean_average_precision_at_r"]))


def spread_evenly(count: int, most: int) -> np.ndarray:
    """Positions of `most` of `count` rows, evenly spread; of all rows where there are no more, int64."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)
